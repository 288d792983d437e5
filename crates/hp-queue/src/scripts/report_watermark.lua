-- The heartbeat of a worker: compares its watermark with what Redis knows, so that Redis notices if it has lost writes or its
-- clock was set.
-- needs: present_epoch, answer, inbox
--
-- arguments: name  of the worker
--            time  for how long it counts as alive from now, ms; 0: this call says nothing about that
-- answers by name: as claim_batch for the epoch; `workers`, the number of workers that are alive, if `time` is not 0

report_epoch()
if arg_time ~= '0' then
  -- The watermark counts even if this cannot be stored. The caller then reports it with another script.
  if pcall(redis.call, 'ZADD', key_workers, text(now + arg_time), arg_name) then
    report('workers', text(redis.call('ZCOUNT', key_workers, at, text(now + LONGEST_LEASE))))
  end
  -- A producer may have removed the entry with the largest id itself.
  repair_inbox()
end
return answer
