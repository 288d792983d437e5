-- Answering an entry that makes no order.

-- Where a producer's own stream cannot be written any more, the common one is where to look for what is missing.
local function publish(stream, fields)
  local function add(to) return redis.call('XADD', to, 'MINID', '~', trim_before, '*', unpack(fields)) end
  if stream ~= results and pcall(add, stream) then
    -- It may never be written again.
    redis.call('PEXPIRE', stream, ARGV[5])
  else
    add(results)
  end
end

local function stream_for(job)
  if not job.reply_to or not is_reply_to(job.reply_to) then return results end
  local kind = redis.call('TYPE', job.reply_to).ok
  return (kind == 'none' or kind == 'stream') and job.reply_to or results
end

local function reject(job, why, detail)
  local fields = {
    'order_id', job.order_id, 'product_id', job.product_id or '', 'quantity', job.quantity or '',
    'status', 'rejected', 'reason', why, 'detail', detail, 'source', 'worker', 'attempts', '0',
    'accepted_at', at, 'finished_at', at,
  }
  for _, name in ipairs({ 'meta', 'traceparent' }) do
    if job[name] then fields[#fields + 1], fields[#fields + 2] = name, job[name] end
  end
  publish(stream_for(job), fields)
end

local MAX_FIELDS = 6000

-- Verbatim, but for an entry of more fields than a script can pass on: of that one, the first.
local function set_aside(entry_id, entry, reason)
  local fields = { unpack(entry, 1, math.min(#entry, MAX_FIELDS)) }
  if #entry > MAX_FIELDS then reason = 'too_many_fields' end
  for _, word in ipairs({ 'reason', reason, 'entry_id', entry_id }) do fields[#fields + 1] = word end
  redis.call('XADD', rejected, '*', unpack(fields))
end

local function repetitions_key(id) return prefix .. ':again:' .. id end

-- Tells an ended order's result once more. Where the result itself is gone, the order comes due like an open one, with
-- this repetition's own words in a queue as long-lived as the record: whoever takes it finds out what its result was.
local function replay(job, key)
  local was = redis.call('HMGET', key, 'result', 'reply_to')
  local first = was[1] and redis.call('XRANGE', was[2] or results, was[1], was[1])[1]
  if not first then
    local waiting = repetitions_key(job.order_id)
    local words = { reply_to = job.reply_to, meta = job.meta, traceparent = job.traceparent }
    redis.call('RPUSH', waiting, cmsgpack.pack(words))
    redis.call('PEXPIRE', waiting, math.max(redis.call('PTTL', key), 1))
    redis.call('ZADD', schedule, 'NX', at, job.order_id)
    return
  end
  local fields, echoed = {}, {}
  for i = 1, #first[2], 2 do
    local name = first[2][i]
    local own = (name == 'meta' or name == 'traceparent') and job[name]
    echoed[name] = true
    fields[i], fields[i + 1] = name, own or first[2][i + 1]
  end
  for _, name in ipairs({ 'meta', 'traceparent' }) do
    if job[name] and not echoed[name] then
      fields[#fields + 1], fields[#fields + 2] = name, job[name]
    end
  end
  fields[#fields + 1], fields[#fields + 2] = 'replay_of', was[1]
  publish(job.reply_to or was[2] or results, fields)
end

