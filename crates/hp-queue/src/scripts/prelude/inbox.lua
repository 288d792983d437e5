-- Keeps the inbox usable.
-- needs: record
-- keys: jobs, epoch
-- offers: is_largest_time(entry_id)
--         repair_inbox()  lets ids start again if a producer has chosen the largest one there is: after it Redis accepts no
--         entry. Does nothing while the inbox has entries

local function is_largest_time(entry_id) return entry_id:sub(1, 21) == '18446744073709551615-' end

local function repair_inbox()
  -- An error: there is no stream.
  local stream = redis.pcall('XINFO', 'STREAM', key_jobs)
  stream = stream.err and {} or as_map(stream)
  if stream.length ~= 0 or not is_largest_time(stream['last-generated-id']) then return end
  redis.call('DEL', key_jobs)
  redis.call('HSET', key_epoch, 'boundary', '0-0')
end
