-- Sets the end of a balance hold: the orders of a scope whose balance is too low wait until then.
-- needs: clock, events
--
-- arguments: scope         a currency, or a product whose currency is unknown
--            expected_end  the end as the caller knows it, Unix ms: only one caller at a time succeeds, and may submit
--                          one order; "": any end
--            time          for how long the hold continues, ms
-- answers 1, or 0 if the hold has another end. A hold that was lifted is not set again

local held_until = redis.call('HGET', key_holds, arg_scope)
if arg_expected_end ~= '' then
  if not held_until then return 1 end
  if held_until ~= arg_expected_end then return 0 end
end
redis.call('HSET', key_holds, arg_scope, text(now + arg_time))
if not held_until then add_event('balance.low', nil, { scope = arg_scope }) end
return 1
