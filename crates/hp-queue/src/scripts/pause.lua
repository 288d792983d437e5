-- Pauses the queue. The first reason stays. An operator must be able to pause a queue whose Redis is full.
-- needs: clock, events
-- flags: allow-oom
--
-- answers 1 if this call paused the queue, 0 if it was paused before

if redis.call('EXISTS', key_paused) == 1 then return 0 end
redis.call('HSET', key_paused, 'reason', arg_reason, 'since', at, 'by', arg_by)
add_event('queue.paused', nil, { reason = arg_reason, by = arg_by })
return 1
