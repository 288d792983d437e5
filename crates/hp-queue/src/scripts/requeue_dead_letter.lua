-- Enqueues a dead letter again, as it came or with other values.
--
-- arguments: entry  the id of the dead letter
-- values: field, value, ... in place of its own
-- answers the id in the inbox, or "" if there is no such dead letter

local letter = redis.call('XRANGE', key_rejected, arg_entry, arg_entry)[1]
if not letter then return '' end
local reason = letter[2][#letter[2] - 2]
if reason == 'too_large' or reason == 'too_many_fields' then
  return redis.error_reply('the dead letter is not complete, because its entry was too large: enqueue the order again')
end
local fields, replaced = {}, {}
for i = FIRST_VALUE, #ARGV, 2 do replaced[ARGV[i]] = true end
-- The last two pairs, `reason` and `entry_id`, are no part of the job.
for i = 1, #letter[2] - 4, 2 do
  if not replaced[letter[2][i]] then
    fields[#fields + 1], fields[#fields + 2] = letter[2][i], letter[2][i + 1]
  end
end
for i = FIRST_VALUE, #ARGV do fields[#fields + 1] = ARGV[i] end
if #fields == 0 then return redis.error_reply('the dead letter has no fields: enqueue the order again') end
local added = redis.call('XADD', key_jobs, '*', unpack(fields))
redis.call('XDEL', key_rejected, arg_entry)
return added
