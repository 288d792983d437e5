-- restore: puts back an order that Redis has forgotten while a worker was at it. What the worker found out may be told
-- already, by somebody who was given the order again; so it comes due at once, as in doubt.
--
-- KEYS  1 the order's record  2 schedule  3 open  4 epoch
-- ARGV  1 order_id  2 accepted_at, Unix ms
--       then: field, value, ... of the record; `story`, whose last line gets its time here, is the last one
-- answers 1, or 0 where it is there again

local record, schedule, open, epochs = unpack(KEYS)
local id, accepted_at = ARGV[1], ARGV[2]

if redis.call('EXISTS', record) == 1 then return 0 end

local time = redis.call('TIME')
local at = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))

ARGV[#ARGV] = ARGV[#ARGV] .. ' ' .. at

-- In the schedule first, so that it cannot be left out of it.
redis.call('ZADD', schedule, at, id)
redis.call('ZADD', open, accepted_at, id)
redis.call('HSET', record, 'state', 'uncertain', 'cause', 'redis_restarted', 'restarted_at', at, 'updated_at', at,
  'accepted_at', accepted_at, 'epoch', redis.call('HGET', epochs, 'id') or '', unpack(ARGV, 3))
return 1
