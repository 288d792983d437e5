-- Pauses the queue. The first reason stands.
-- needs: clock
--
-- answers 1 if this call paused the queue, 0 if it was paused before

if redis.call('EXISTS', key.paused) == 1 then return 0 end
redis.call('HSET', key.paused, 'reason', arg.reason, 'since', at, 'by', arg.by)
return 1
