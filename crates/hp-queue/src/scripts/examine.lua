-- examine: what the server says of itself, asked where the queue's keys are.
--
-- KEYS  1 jobs
-- answers { now in Unix ms, the sections server, persistence, memory and replication of INFO }

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { string.format('%d', now), redis.call('INFO', 'server', 'persistence', 'memory', 'replication') }
