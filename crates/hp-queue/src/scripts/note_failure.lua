-- Notes the last call to HitPoints that failed, so that an operator sees what keeps orders from going on.
-- needs: clock
-- flags: allow-oom
--
-- arguments: kind    one word
--            detail  what happened, in words
-- answers nothing
--
-- The next answer of HitPoints deletes the whole key.

redis.call('HSET', key_breaker, 'failure', arg_kind, 'failure_detail', arg_detail, 'failed_at', at)
return ''
