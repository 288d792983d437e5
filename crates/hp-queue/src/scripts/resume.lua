-- Resumes the queue.
-- needs: clock, events
--
-- arguments: by  who does it
-- answers 1 if this call resumed the queue, 0 if it was not paused

local reason = redis.pcall('HGET', key_paused, 'reason')
if redis.call('DEL', key_paused) == 0 then return 0 end
add_event('queue.resumed', nil, { by = arg_by, reason = type(reason) == 'string' and reason or nil })
return 1
