-- Whether anything may be taken at all: pause, breaker, rate.

local silent = redis.call('HMGET', breaker, 'until', 'since')

-- Ms to wait, or -1.
local function nothing(reason, wait)
  return { at, reason, '-1', '', {}, epoch.id, epoch.taken, wait, silent[2] or '', redis.call('HGETALL', holds), {} }
end

if n == 0 then return nothing('', -1) end

if redis.call('EXISTS', paused) == 1 then
  local reason = redis.call('HGET', paused, 'reason')
  return nothing(reason and reason ~= '' and reason or 'no reason given', -1)
end

-- The breaker: while HitPoints is silent, one order at a time tries whether it is back. Longer than the longest time
-- that it is ever set for it cannot have to go on: then the clock has gone back.
if silent[1] then
  local left = silent[1] - now
  if left > 0 and left <= tonumber(ARGV[7]) then return nothing('', left) end
  if calls_only then return nothing('', 1000) end
  n = 1
end

-- The rate: calls are spread evenly; after an idle time a tenth of a second's worth may leave at once. Only time
-- that has passed is ever taken: where more is, the clock has gone back.
local now_us, first_free = time[1] * 1000000 + time[2], nil
if interval > 0 then
  local taken_up_to = tonumber(redis.call('GET', rate) or 0)
  first_free = now_us - math.max(interval, 100000)
  if taken_up_to <= now_us then first_free = math.max(taken_up_to, first_free) end
  n = math.min(n, math.floor((now_us - first_free) / interval))
  if n <= 0 then return nothing('', math.max(math.ceil((first_free + interval - now_us) / 1000), 1)) end
end

