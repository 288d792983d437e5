-- status: how a queue is, in one look. Changes nothing.
--
-- KEYS  1 jobs  2 schedule  3 open  4 rejected  5 paused  6 breaker  7 holds  8 workers  9 runs
-- answers { now in Unix ms, new jobs, scheduled orders, open orders, { the oldest open order, admitted at },
--           rejected entries, paused, breaker, holds, workers alive, the last run's report }
--         the last five as lists of names and values; a worker's value is the time until which it counts as alive

local jobs, schedule, open, rejected, paused, breaker, holds, workers, runs = unpack(KEYS)

local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
local last = redis.call('XREVRANGE', runs, '+', '-', 'COUNT', 1)[1]
return {
  now, redis.call('XLEN', jobs), redis.call('ZCARD', schedule), redis.call('ZCARD', open),
  redis.call('ZRANGE', open, 0, 0, 'WITHSCORES'), redis.call('XLEN', rejected), redis.call('HGETALL', paused),
  redis.call('HGETALL', breaker), redis.call('HGETALL', holds),
  redis.call('ZRANGEBYSCORE', workers, now, '+inf', 'WITHSCORES'), last and last[2] or {},
}
