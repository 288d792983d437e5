-- Restores an order that Redis has forgotten while a worker processed it. Another worker may have been given the order
-- again and published its result. So the order is due at once, and in doubt.
-- needs: clock
--
-- arguments: accepted_at  Unix ms
-- values: field, value, ... of the record. The last one is `history`, whose last line gets its time here
-- answers 1, or 0 if the order is there again

if redis.call('EXISTS', key_record) == 1 then return 0 end

ARGV[#ARGV] = ARGV[#ARGV] .. ' ' .. at

-- The schedule goes first, so that the order cannot be missing there.
redis.call('ZADD', key_schedule, at, arg_order_id)
redis.call('ZADD', key_open, arg_accepted_at, arg_order_id)
local epoch = redis.call('HMGET', key_epoch, 'id', 'steady')
redis.call('HSET', key_record, 'restarted_at', epoch[2] or at, 'updated_at', at, 'accepted_at', arg_accepted_at,
  'epoch', epoch[1] or '', unpack(ARGV, FIRST_VALUE))
return 1
