-- Restores an order that Redis has forgotten while a worker processed it. Another worker may have been given the order
-- again and published its result. So the order is due at once, and in doubt.
-- needs: clock, state_sets
--
-- arguments: accepted_at     Unix ms
--            submitted_at    Unix ms; 0: it was never submitted
--            resubmit_after  ms
-- values: field, value, ... of the record. The last one is `history`, whose last line gets its time here
-- answers 1, or 0 if the order is there again

if redis.call('EXISTS', key_record) == 1 then return 0 end

ARGV[#ARGV] = ARGV[#ARGV] .. ' ' .. at

-- The schedule goes first, so that the order cannot be missing there.
redis.call('ZADD', key_schedule, at, arg_order_id)
redis.call('ZADD', key_open, arg_accepted_at, arg_order_id)
local epoch = redis.call('HMGET', key_epoch, 'id', 'steady')
local steady = epoch[2] or at
redis.call('HSET', key_record, 'restarted_at', steady, 'updated_at', at, 'accepted_at', arg_accepted_at,
  'epoch', epoch[1] or '', unpack(ARGV, FIRST_VALUE))
-- The clock may have been set since the submission, so its wait begins now.
if arg_submitted_at ~= '0' then
  redis.call('HSET', key_record, 'arrives_within', text(steady + arg_resubmit_after - arg_submitted_at))
end
for i = FIRST_VALUE, #ARGV, 2 do
  if ARGV[i] == 'state' then note_any_state(arg_order_id, ARGV[i + 1]) end
end
store_states()
return 1
