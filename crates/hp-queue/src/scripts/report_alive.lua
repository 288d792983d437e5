-- Reports that a worker is alive.
-- needs: clock
--
-- arguments: name
--            time  for how long it counts as alive, ms; 0: it ends
-- answers nothing

redis.call('ZREMRANGEBYSCORE', key.workers, '-inf', at)
if arg.time == '0' then
  redis.call('ZREM', key.workers, arg.name)
else
  redis.call('ZADD', key.workers, text(now + arg.time), arg.name)
end
return ''
