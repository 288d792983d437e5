-- Answers an entry of the inbox that makes no order.
-- needs: clock, entry, copied, copy, trim
-- keys: results, rejected
-- arguments: results_retention
-- offers: add_result(stream, fields)  raises an error if the stream cannot be written
--         answer_entry(job, status, reason, detail)
--         add_dead_letter(entry_id, entry, reason)

local function add_result(stream, fields)
  redis.call('XADD', stream, 'MINID', '~', trim_before(), '*', unpack(fields))
  -- A stream of a producer's own may never be written again.
  if stream ~= key_results then redis.call('PEXPIRE', stream, arg_results_retention) end
  count_copied(fields)
end

local function stream_for(job)
  if not job.reply_to or job.twice.reply_to or not is_reply_to(job.reply_to) then return key_results end
  local kind = redis.call('TYPE', job.reply_to).ok
  return (kind == 'none' or kind == 'stream') and job.reply_to or key_results
end

-- On the common stream if the producer's own stream cannot be written.
local function answer_entry(job, status, reason, detail)
  local stream, fields = stream_for(job), answer_to(job, status, reason, detail)
  if stream == key_results or not pcall(add_result, stream, fields) then add_result(key_results, fields) end
end

local MAX_FIELDS = 6000

-- Verbatim. If the entry has more fields than a script can pass on, the first ones.
local function add_dead_letter(entry_id, entry, reason)
  local fields = { unpack(entry, 1, math.min(#entry, MAX_FIELDS)) }
  if #entry > MAX_FIELDS then reason = 'too_many_fields' end
  append(fields, 'reason', reason)
  append(fields, 'entry_id', entry_id)
  redis.call('XADD', key_rejected, '*', unpack(fields))
  count_copied(fields)
end

