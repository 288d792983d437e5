-- Renews the lease of a claim.
-- needs: clock
--
-- arguments: lease  from now, ms
-- answers 1, or 0 if the claim is no longer the current one or the order has been settled

local known = redis.call('HMGET', key_record, 'claim', 'epoch', 'settled')
if known[1] ~= arg_claim or (known[2] or '') ~= arg_epoch then return 0 end
if known[3] == known[1] then return 0 end
redis.call('ZADD', key_schedule, text(now + arg_lease), arg_order_id)
return 1
