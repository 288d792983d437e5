-- run: who makes the reconciliation run of a tick, and what came of it. One worker at a time has the right to it; it
-- must renew it, and loses it when it does not.
--
-- KEYS  1 reconcile  2 runs
-- ARGV  1 "begin", "renew", "end", "give_up" or "now"
--       2 who; empty for a run that is made on demand, which needs no right
--       3 the tick, Unix ms
--       4 for how long the right is held, ms; with "give_up", for how long nobody is to have it
--       5 with "end" and "give_up": the most reports that are kept
--       6 with "end" and "give_up": field, value, ... of the report
-- answers { now in Unix ms, "yours", "done", "lost" or "held", ms until it is free }

local reconcile, runs = KEYS[1], KEYS[2]
local what, who, tick, lease = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%d', number) end
local function answer(word, left) return { text(now), word, text(left or 0) } end

local was = redis.call('HMGET', reconcile, 'done', 'holder', 'until')
local left = was[3] and was[3] - now or 0

if what == 'now' then return answer('yours') end
if what == 'begin' then
  -- None is made before its time: then the clock has gone back.
  local done = tonumber(was[1] or 0)
  if done >= tonumber(tick) and done <= now then return answer('done') end
  -- Longer than it is ever held it cannot be held: then the clock has gone back.
  if was[2] and left > 0 and left <= tonumber(lease) then return answer('held', left) end
elseif who ~= '' and was[2] ~= who then
  return answer('lost')
end
if what == 'end' or what == 'give_up' then
  redis.call('XADD', runs, 'MAXLEN', '~', ARGV[5], '*', unpack(ARGV, 6))
  if who ~= '' then
    redis.call('HDEL', reconcile, 'holder', 'until')
    if what == 'give_up' then redis.call('HSET', reconcile, 'holder', '-', 'until', text(now + lease)) end
    if what == 'end' then redis.call('HSET', reconcile, 'done', tick) end
  end
else
  redis.call('HSET', reconcile, 'holder', who, 'until', text(now + lease))
end
return answer('yours')
