-- Reports that a worker is alive, and why it claims no orders, if it does not. Also if Redis is full: it needs a few bytes.
-- A worker calls it at its start and while it has something to say. Otherwise report_watermark says that it is alive.
-- needs: clock
-- flags: allow-oom
--
-- keys:      worker  the worker's own record, which expires with its report
-- arguments: name
--            time    for how long it counts as alive, ms; 0: it ends
--            fault   why it claims no orders; "": it does
-- answers the number of workers that are alive

redis.call('ZREMRANGEBYSCORE', key_workers, '-inf', at)
-- A worker that counts as alive for longer than any lease reported before the clock was set back.
redis.call('ZREMRANGEBYSCORE', key_workers, '(' .. text(now + LONGEST_LEASE), '+inf')
if arg_time == '0' then
  redis.call('ZREM', key_workers, arg_name)
else
  redis.call('ZADD', key_workers, text(now + arg_time), arg_name)
end
if arg_time == '0' or arg_fault == '' then
  redis.call('DEL', key_worker)
else
  redis.call('HSET', key_worker, 'fault', arg_fault)
  redis.call('HSETNX', key_worker, 'since', at)
  redis.call('PEXPIRE', key_worker, arg_time)
end
return text(redis.call('ZCARD', key_workers))
