-- alive: a worker's sign of life.
--
-- KEYS  1 workers
-- ARGV  1 its name  2 for how long it counts, ms; 0: it ends
-- answers nothing

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now))
if ARGV[2] == '0' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), ARGV[1])
end
return ''
