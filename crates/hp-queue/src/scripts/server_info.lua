-- examine: what the server says of itself, asked where the queue's keys are.
--
-- KEYS  1 jobs
-- answers { now in Unix ms, the sections server, persistence, memory and replication of INFO }

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- One by one: an older Redis, which is to be told that it is one, takes no more at a time.
local info = {}
for _, section in ipairs({ 'server', 'persistence', 'memory', 'replication' }) do
  info[#info + 1] = redis.call('INFO', section)
end
return { string.format('%d', now), table.concat(info, '\r\n') }
