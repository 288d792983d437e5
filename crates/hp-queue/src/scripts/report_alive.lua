-- Reports that a worker is alive, also if Redis is full: it needs a few bytes at most.
-- needs: clock
-- flags: allow-oom
--
-- arguments: name
--            time  for how long it counts as alive, ms; 0: it ends
-- answers nothing

redis.call('ZREMRANGEBYSCORE', key_workers, '-inf', at)
-- A worker that counts as alive for longer than any lease reported before the clock was set back.
redis.call('ZREMRANGEBYSCORE', key_workers, '(' .. text(now + LONGEST_LEASE), '+inf')
if arg_time == '0' then
  redis.call('ZREM', key_workers, arg_name)
else
  redis.call('ZADD', key_workers, text(now + arg_time), arg_name)
end
return ''
