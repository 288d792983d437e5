-- The time by the clock of this Redis server.
-- offers: now (Unix ms), now_us (Unix microseconds), at (`now` as text), text(number)

local time = redis.call('TIME')
local now, now_us = time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]

local function text(number) return string.format('%d', number) end

local at = text(now)

