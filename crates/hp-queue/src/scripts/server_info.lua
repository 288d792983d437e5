-- Reads information about the server that has the queue's keys.
-- needs: clock
--
-- answers { now in Unix ms, the sections server, persistence, memory and replication of INFO }

-- One section at a time: an old Redis accepts no more, and `worker doctor` must recognise it.
local info = {}
for _, section in ipairs({ 'server', 'persistence', 'memory', 'replication' }) do
  info[#info + 1] = redis.call('INFO', section)
end
return { at, table.concat(info, '\r\n') }
