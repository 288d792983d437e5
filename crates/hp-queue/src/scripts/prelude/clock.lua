-- The time by the clock of this Redis server.
-- offers: now (Unix ms), now_us (Unix microseconds), at (`now` as text), text(number)
--         is_ahead(time, longest)  whether a stored time (text or nil) is still to come. A time that is further ahead than
--                                  `longest` ms, the longest that it may be, was stored before the clock was set back
--         LONGEST_LEASE            ms; no lease is longer
--         LONGEST_GAP              ms; living workers call every two seconds, so after a longer time none lives

local time = redis.call('TIME')
local now, now_us = time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]

local function text(number) return string.format('%d', number) end

local at = text(now)

local LONGEST_LEASE = 3600000
local LONGEST_GAP = 15000

local function is_ahead(time, longest)
  local left = (tonumber(time) or 0) - now
  return left > 0 and left <= longest
end

