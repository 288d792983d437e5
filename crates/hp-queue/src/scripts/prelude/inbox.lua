-- Keeps the inbox usable.
-- needs: record
-- keys: jobs, epoch
-- offers: is_largest_time(entry_id)
--         repair_inbox()  lets ids start again if a producer has chosen the largest one there is: after it Redis accepts no
--         entry. Does nothing while the inbox has entries

local function is_largest_time(entry_id) return entry_id:sub(1, 21) == '18446744073709551615-' end

local function repair_inbox()
  -- Redis would describe the first and the last entry, too, however large they are.
  if redis.pcall('XLEN', key_jobs) ~= 0 then return end
  -- An error: there is no stream.
  local stream = redis.pcall('XINFO', 'STREAM', key_jobs)
  stream = stream.err and {} or as_map(stream)
  if not is_largest_time(stream['last-generated-id'] or '') then return end
  redis.call('DEL', key_jobs)
  redis.call('HSET', key_epoch, 'boundary', '0-0')
end
