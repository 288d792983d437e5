-- Keeps the inbox usable.
-- needs: record
-- keys: jobs, epoch
-- offers: is_largest_time(entry_id)
--         repair_inbox()  lets ids start again if a producer has chosen the largest one there is: after it Redis accepts no
--         entry. Does nothing while the inbox has entries

local function is_largest_time(entry_id) return entry_id:sub(1, 21) == '18446744073709551615-' end

local function repair_inbox()
  if redis.call('TYPE', key_jobs).ok ~= 'stream' or redis.call('XLEN', key_jobs) > 0 then return end
  local last = as_map(redis.call('XINFO', 'STREAM', key_jobs))['last-generated-id']
  if not is_largest_time(last) then return end
  redis.call('DEL', key_jobs)
  redis.call('HSET', key_epoch, 'boundary', '0-0')
end

