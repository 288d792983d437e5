-- Answers an entry of the inbox that makes no order.
-- needs: clock, keys, record, entry, trim
-- keys: results, rejected, schedule
-- arguments: results_retention
-- offers: reject(job, reason, detail), replay(job, record_key), add_dead_letter(entry_id, entry, reason)

-- Publishes on the common stream if the producer's own stream cannot be written any more.
local function publish(stream, fields)
  local function add(to) return redis.call('XADD', to, 'MINID', '~', trim_before(), '*', unpack(fields)) end
  if stream ~= key_results and pcall(add, stream) then
    -- The stream may never be written again.
    redis.call('PEXPIRE', stream, arg_results_retention)
  else
    add(key_results)
  end
end

local function stream_for(job)
  if not job.reply_to or not is_reply_to(job.reply_to) then return key_results end
  local kind = redis.call('TYPE', job.reply_to).ok
  return (kind == 'none' or kind == 'stream') and job.reply_to or key_results
end

local function reject(job, reason, detail)
  local fields = {
    'order_id', job.order_id, 'product_id', job.product_id or '', 'quantity', job.quantity or '',
    'status', 'rejected', 'reason', reason, 'detail', detail, 'source', 'worker', 'attempts', '0',
    'accepted_at', at, 'finished_at', at,
  }
  for _, name in ipairs({ 'meta', 'traceparent' }) do
    if job[name] then append(fields, name, job[name]) end
  end
  publish(stream_for(job), fields)
end

local MAX_FIELDS = 6000

-- Verbatim. If the entry has more fields than a script can pass on, the first ones.
local function add_dead_letter(entry_id, entry, reason)
  local fields = { unpack(entry, 1, math.min(#entry, MAX_FIELDS)) }
  if #entry > MAX_FIELDS then reason = 'too_many_fields' end
  append(fields, 'reason', reason)
  append(fields, 'entry_id', entry_id)
  redis.call('XADD', key_rejected, '*', unpack(fields))
end

-- The result has left its stream: the order is scheduled like an open one, and its next claimant determines the result
-- again. The repetition waits in a list that lives as long as the record.
local function schedule_replay(job, record_key)
  local replays = replays_key(job.order_id)
  local words = { reply_to = job.reply_to, meta = job.meta, traceparent = job.traceparent }
  redis.call('RPUSH', replays, cmsgpack.pack(words))
  redis.call('PEXPIRE', replays, math.max(redis.call('PTTL', record_key), 1))
  redis.call('ZADD', key_schedule, 'NX', at, job.order_id)
end

-- Publishes the result of an ended order again, with the repetition's own `meta` and `traceparent` if it has them.
local function replay(job, record_key)
  local known = redis.call('HMGET', record_key, 'result', 'reply_to')
  local stream = known[2] or key_results
  local first = known[1] and redis.call('XRANGE', stream, known[1], known[1])[1]
  if not first then return schedule_replay(job, record_key) end
  local fields, echoed = {}, {}
  for i = 1, #first[2], 2 do
    local name = first[2][i]
    local own = (name == 'meta' or name == 'traceparent') and job[name]
    echoed[name] = true
    append(fields, name, own or first[2][i + 1])
  end
  for _, name in ipairs({ 'meta', 'traceparent' }) do
    if job[name] and not echoed[name] then append(fields, name, job[name]) end
  end
  append(fields, 'replay_of', known[1])
  publish(job.reply_to or stream, fields)
end

