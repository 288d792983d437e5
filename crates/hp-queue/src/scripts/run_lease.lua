-- The lease on the reconciliation run of a tick, and the report of the run. One process at a time holds the lease; it must
-- renew it, and loses it otherwise.
-- needs: clock
--
-- arguments: action       "acquire", "renew", "finish" or "give_up"
--            holder       a name; empty for a run on demand, which needs no lease
--            tick         Unix ms
--            lease        ms; with "give_up": for how long no process may hold the lease
--            max_reports  how many reports are kept
-- values: with "finish" and "give_up": field, value, ... of the report
-- answers { now in Unix ms, "held", "done", "lost" or "held_by_other", ms until it is free }

local known = redis.call('HMGET', key_reconcile, 'done', 'holder', 'until')
local left = known[3] and known[3] - now or 0

local function state(word, left_ms) return { at, word, text(left_ms or 0) } end

if arg_action == 'acquire' then
  -- No run is done before its time: a later tick shows that the clock was set back.
  local done = tonumber(known[1] or 0)
  if done >= tonumber(arg_tick) and done <= now then return state('done') end
  if known[2] and is_ahead(known[3], LONGEST_LEASE) then return state('held_by_other', left) end
elseif arg_holder ~= '' and known[2] ~= arg_holder then
  return state('lost')
end
local lease_ends = text(now + arg_lease)
if arg_action == 'finish' or arg_action == 'give_up' then
  redis.call('XADD', key_runs, 'MAXLEN', '~', arg_max_reports, '*', unpack(ARGV, FIRST_VALUE))
  if arg_holder ~= '' then
    redis.call('HDEL', key_reconcile, 'holder', 'until')
    if arg_action == 'give_up' then redis.call('HSET', key_reconcile, 'holder', '-', 'until', lease_ends) end
    if arg_action == 'finish' then redis.call('HSET', key_reconcile, 'done', arg_tick) end
  end
else
  redis.call('HSET', key_reconcile, 'holder', arg_holder, 'until', lease_ends)
end
return state('held')
