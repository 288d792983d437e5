-- Compares the caller's watermark with what Redis knows, so that Redis notices if it has lost writes or its clock was set.
-- Also repairs an inbox that accepts no more entries.
-- needs: present_epoch, answer, record
--
-- answers by name: as claim_batch for the epoch

-- A producer chose the largest entry id there is. Once the entries are gone, ids may start again.
local function repair_inbox()
  if redis.call('TYPE', key_jobs).ok ~= 'stream' or redis.call('XLEN', key_jobs) > 0 then return end
  local last = as_map(redis.call('XINFO', 'STREAM', key_jobs))['last-generated-id']
  if last:sub(1, 21) ~= '18446744073709551615-' then return end
  redis.call('DEL', key_jobs)
  redis.call('HSET', key_epoch, 'boundary', '0-0')
end

repair_inbox()
report_epoch()
return answer
