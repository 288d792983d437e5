-- pause: stops the taking of orders. The first reason stands.
--
-- KEYS  1 paused
-- ARGV  1 reason  2 who
-- answers 1 if this call paused the queue, 0 if it was paused already

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'since', string.format('%d', now), 'by', ARGV[2])
return 1
