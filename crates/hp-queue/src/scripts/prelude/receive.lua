-- Receives entries of the inbox one by one, whatever they are.
-- needs: clock, keys, record, order_rules, present_epoch, admit, entry, entry_id, newest_entry, copied, publish, replay
-- keys: schedule, results, rejected
-- offers: read_sound_job(entry)     its job, if it names an order and nothing is wrong with it
--         receive(entry_id, entry)  returns why the entry cannot leave the inbox, if it cannot
--         count_copied, has_copied_enough: see prelude/copied.lua

-- Whether a new order may have been submitted and then forgotten: its entry is back in the inbox, or a shop that waited
-- without a result has repeated it.
local function may_be_forgotten(entry_id)
  if epoch.since == 0 then return false end
  return epoch.closed ~= '1' or not is_later_entry(entry_id, epoch.boundary)
end

-- Whether an entry with the id of an order is no repetition of its job.
local function is_conflict(job, product_id, quantity, reply_to)
  return job.product_id ~= product_id or job.quantity ~= quantity or job.reply_to and job.reply_to ~= reply_to
end

-- The answer says nothing about the order: whoever uses its id may belong to another shop.
local CONFLICT = 'another job has used this order_id before, with another product_id, quantity or reply_to'

local present_end

-- Whether the ids of the inbox have started again since `newest` was in it: a producer had chosen the largest time there is,
-- or somebody has deleted the inbox. Then they do not go so far, and an entry with a smaller id came later.
local function has_restarted(newest)
  if not present_end then
    local ok, id = pcall(read_newest_entry)
    -- Rather one copy too many than none.
    present_end = ok and id ~= '' and id or '0-0'
  end
  return is_later_entry(newest, present_end)
end

local function receive_known(job, fault, record_key, known, entry_id)
  if fault then return answer_entry(job, 'conflict', 'invalid_repetition', fault) end
  if is_conflict(job, known[2], known[3], known[5] or known[4]) then
    return answer_entry(job, 'conflict', 'order_id_conflict', CONFLICT)
  end
  -- A repetition that was enqueued before the order ended asks for a result that has come since.
  local is_new = not known[7] or is_later_entry(entry_id, known[7]) or has_restarted(known[7])
  if known[6] and is_new then replay(job, record_key) end
end

local function try_to_receive(entry_id, entry)
  local job = read_job(entry)
  if job.twice.order_id or not is_order_id(job.order_id) then
    return add_dead_letter(entry_id, entry, 'invalid_order_id')
  end
  local record_key, fault = order_key(job.order_id), job_fault(job)
  local known = redis.call('HMGET', record_key,
    'state', 'product_id', 'quantity', 'reply_to', 'first_reply_to', 'finished_at', 'newest_entry')
  if known[1] then return receive_known(job, fault, record_key, known, entry_id) end
  if fault then return answer_entry(job, 'rejected', 'invalid_job', fault) end
  local conditions = may_be_forgotten(entry_id) and IS_OLDER_EPOCH or 0
  admit(job.order_id, record_key, job.product_id, job.quantity, conditions, job, entry_id)
end

local function sound_job(entry)
  local job = read_job(entry)
  if not job.twice[1] and is_order_id(job.order_id) and not job_fault(job) then return job end
end

local function read_sound_job(entry)
  local ok, job = pcall(sound_job, entry)
  return ok and job or nil
end

-- An entry that makes the script fail must neither stop the other entries nor be read again for ever.
local function receive(entry_id, entry)
  local ok, failure = pcall(try_to_receive, entry_id, entry)
  if ok then return nil end
  local reason = 'unusable: ' .. message_of(failure)
  if pcall(add_dead_letter, entry_id, entry, reason) or pcall(add_dead_letter, entry_id, {}, reason) then return nil end
  return failure
end
