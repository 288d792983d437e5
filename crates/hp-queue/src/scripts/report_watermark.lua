-- The heartbeat of a worker: compares its watermark with what Redis knows, so that Redis notices if it has lost writes or its
-- clock was set.
-- needs: present_epoch, answer, inbox
--
-- arguments: name  of the worker
--            time  for how long it counts as alive from now, ms; 0: this call says nothing about that
-- answers by name: as claim_batch for the epoch; `workers`, the number of workers that are alive, if `time` is not 0

if arg_time ~= '0' then
  redis.call('ZADD', key_workers, text(now + arg_time), arg_name)
  report('workers', text(redis.call('ZCOUNT', key_workers, at, text(now + LONGEST_LEASE))))
  -- A producer may have removed the entry with the largest id itself.
  repair_inbox()
end
report_epoch()
return answer
