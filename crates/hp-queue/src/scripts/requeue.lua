-- requeue: puts an entry that was set aside into the inbox again, as it came or with other values.
--
-- KEYS  1 rejected  2 jobs
-- ARGV  1 entry id  2 field, value, ... in place of its own
-- answers the id in the inbox, or "" if there is no such entry

local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not entry then return '' end
local fields, own = {}, {}
for i = 2, #ARGV, 2 do own[ARGV[i]] = true end
-- The last two pairs were added when it was set aside.
for i = 1, #entry[2] - 4, 2 do
  if not own[entry[2][i]] then
    fields[#fields + 1], fields[#fields + 2] = entry[2][i], entry[2][i + 1]
  end
end
for i = 2, #ARGV do fields[#fields + 1] = ARGV[i] end
if #fields == 0 then return redis.error_reply('nothing of the entry was kept: put the order in anew') end
local added = redis.call('XADD', KEYS[2], '*', unpack(fields))
redis.call('XDEL', KEYS[1], ARGV[1])
return added
