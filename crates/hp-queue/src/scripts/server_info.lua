-- Reads information about the server that has the queue's keys.
-- needs: clock
-- flags: no-writes
--
-- answers { now in Unix ms, the default sections of INFO, among them server, persistence, memory and replication }

return { at, redis.call('INFO') }
