-- Follows a front end of HitPoints that asks to send less.
-- needs: clock
-- keys: throttle
-- arguments: call_interval
-- offers: slow_down(time)  for `time` ms no call is made, and then calls are made more slowly
--         throttled_for()  ms for which no call is made; zero or less: calls are made
--         call_interval()  microseconds from one call to the next, 0: no limit
--
-- Nobody says how many calls a second the front end lets through. So the interval doubles each time it asks again after a
-- pause. Without another demand it shrinks: slowly at first, because the limit is near, and then faster and faster.

local FIRST_INTERVAL, LONGEST_INTERVAL = 100000, 10000000
-- Below this the front end has no say any more.
local SHORTEST_INTERVAL = 1000
-- The time after a pause in which the interval is halved, ms. After four times of it, it is a 65th.
local HALVED_AFTER = 5000
-- No pause is longer, ms.
local LONGEST_PAUSE = 300000
-- It is forgotten after a quiet day, ms.
local KEPT = 86400000

local throttle = redis.call('HMGET', key_throttle, 'until', 'interval', 'since')

-- A pause that began later than now was stored before the clock was set back.
local is_believed = now >= (tonumber(throttle[3] or nil) or 0)

local function shrunk(interval)
  local passed = now - (tonumber(throttle[1] or nil) or 0)
  if not is_believed or passed < -LONGEST_PAUSE then return 0 end
  local left = interval / (1 + (math.max(passed, 0) / HALVED_AFTER) ^ 3)
  return left < SHORTEST_INTERVAL and 0 or math.floor(left)
end

-- Microseconds from one call to the next that the front end seems to want.
local learned_interval = shrunk(tonumber(throttle[2] or nil) or 0)

local function throttled_for()
  return is_believed and is_ahead(throttle[1], LONGEST_PAUSE) and throttle[1] - now or 0
end

local function call_interval() return math.max(tonumber(arg_call_interval), learned_interval) end

local function slow_down(time)
  local ends = now + time
  redis.call('HINCRBY', key_throttle, 'count', 1)
  -- Calls that were on their way when the pause began say nothing new.
  if throttled_for() > 0 then
    ends = math.max(ends, tonumber(throttle[1]))
  else
    learned_interval = math.min(math.max(call_interval() * 2, FIRST_INTERVAL), LONGEST_INTERVAL)
    redis.call('HSET', key_throttle, 'since', at)
    throttle[3], is_believed = at, true
  end
  throttle[1], throttle[2] = text(ends), text(learned_interval)
  redis.call('HSET', key_throttle, 'until', throttle[1], 'interval', throttle[2])
  redis.call('PEXPIRE', key_throttle, KEPT)
end
