-- take: claims up to n orders: open ones whose time has come, and new ones from the inbox.
--
-- KEYS  1 jobs  2 schedule  3 open  4 results  5 rejected  6 paused
-- ARGV  1 prefix
--       2 n, the most orders to claim
--       3 lease, ms: a claimed order comes due by itself after it
--       4 "inbox" or "schedule": which source goes first
--       5 how long results are kept, ms
-- answers { now, paused reason or "", ms until the next order comes due or -1, "more" or "", claimed }
--       now in Unix ms; "more" says that another take would find something to do;
--       claimed is a list of ledger records, each { field, value, field, value, ... } with order_id first;
--       that of a new order leaves out what all new ones have in common: they are `submitting`, of claim 1 and
--       attempt 1, without checks, accepted and submitted at `now`
--
-- What is claimed to be submitted is stored as `submitting`, with `attempts` raised, before anybody can send it.
-- An order found in `submitting` was left there by a worker that died: it is in doubt.

local jobs, schedule, open, results, rejected, paused = unpack(KEYS)
local prefix, n, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local inbox_first = ARGV[4] == 'inbox'

local MAX_INTEGER, MAX_FIELDS = 9007199254740991, 6000
local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }
local KNOWN = {
  order_id = true, product_id = true, quantity = true, deadline = true,
  reply_to = true, meta = true, traceparent = true,
}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%d', number) end
local at, lease_ends = text(now), text(now + lease)
local trim_before = text(math.max(now - ARGV[5], 0))

if redis.call('EXISTS', paused) == 1 then
  local reason = redis.call('HGET', paused, 'reason')
  return { at, reason and reason ~= '' and reason or 'no reason given', '-1', '', {} }
end

-- A key that is not what it should be stops the script here, before anything has changed.
redis.call('XLEN', jobs)
redis.call('XLEN', results)
redis.call('XLEN', rejected)
redis.call('ZCARD', schedule)
redis.call('ZCARD', open)

local claimed, due_at, opened, last_entry, stuck = {}, {}, {}, nil, nil

local function in_words(failure) return type(failure) == 'table' and failure.err or tostring(failure) end

local function order_key(id) return prefix .. ':order:' .. id end

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

-- Reading an entry -----------------------------------------------------------------------------------------

local function read(entry)
  local job, twice = {}, nil
  for i = 1, #entry, 2 do
    local name = entry[i]
    if KNOWN[name] then
      if job[name] then twice = name end
      job[name] = entry[i + 1]
    end
  end
  return job, twice
end

local function is_integer(value, max)
  return value ~= nil and #value <= 16 and value:find('^[1-9]%d*$') ~= nil and tonumber(value) <= max
end

local function is_traceparent(value)
  local version, trace, parent, flags, rest = value:match('^(%x%x)%-(%x+)%-(%x+)%-(%x%x)(.*)$')
  return version ~= nil and #trace == 32 and #parent == 16 and not value:find('%u')
    and version ~= 'ff' and trace:find('[^0]') ~= nil and parent:find('[^0]') ~= nil
    and (rest == '' or (version ~= '00' and rest:find('^%-[\33-\126]+$') ~= nil and #rest <= 128))
end

local function is_reply_to(value)
  local start = prefix .. ':results:'
  local name = value:sub(#start + 1)
  return value:sub(1, #start) == start and #name <= 64 and name:find('^[%w_.-]+$') ~= nil
end

local function is_order_id(value)
  return value ~= nil and #value <= 50 and value:find('^[\33-\126]+$') ~= nil
end

-- The fault of a job in words, or nil.
local function fault(job, twice)
  if twice then return twice .. ' is given twice' end
  if not is_integer(job.product_id, MAX_INTEGER) then
    return 'product_id must be a whole number from 1 to 9007199254740991'
  end
  if not is_integer(job.quantity, 10000) then return 'quantity must be a whole number from 1 to 10000' end
  if job.deadline and not (#job.deadline <= 15 and job.deadline:find('^%d+$')) then
    return 'deadline must be a time in Unix milliseconds'
  end
  if job.meta and #job.meta > 4096 then return 'meta must not be longer than 4096 bytes' end
  if job.traceparent and not is_traceparent(job.traceparent) then
    return 'traceparent must be of the form of W3C Trace Context'
  end
  if job.reply_to then
    if not is_reply_to(job.reply_to) then
      return 'reply_to must be ' .. prefix .. ':results:<name>, the name 1 to 64 of A-Z a-z 0-9 _ . -'
    end
    local kind = redis.call('TYPE', job.reply_to).ok
    if kind ~= 'none' and kind ~= 'stream' then return 'reply_to holds a ' .. kind .. ', not a stream' end
  end
end

-- Answering an entry that makes no order -------------------------------------------------------------------

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

-- Verbatim, but for an entry of more fields than a script can pass on: of that one, the first.
local function set_aside(entry_id, entry, reason)
  local fields = { unpack(entry, 1, math.min(#entry, MAX_FIELDS)) }
  if #entry > MAX_FIELDS then reason = 'too_many_fields' end
  for _, word in ipairs({ 'reason', reason, 'entry_id', entry_id }) do fields[#fields + 1] = word end
  redis.call('XADD', rejected, '*', unpack(fields))
end

-- Tells an ended order's result once more. Where the result itself is gone, the order comes due like an open one:
-- whoever takes it finds out what its result was, and answers this repetition's own words.
local function replay(job, key)
  local was = redis.call('HMGET', key, 'result', 'reply_to')
  local first = was[1] and redis.call('XRANGE', was[2] or results, was[1], was[1])[1]
  if not first then
    redis.call('HDEL', key, 'again_reply_to', 'again_meta', 'again_traceparent')
    for _, name in ipairs({ 'reply_to', 'meta', 'traceparent' }) do
      if job[name] then redis.call('HSET', key, 'again_' .. name, job[name]) end
    end
    -- Not sooner if somebody is at it already: that answer is for this repetition too.
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

-- Taking ---------------------------------------------------------------------------------------------------

local function admit(job, key)
  local asked = { 'product_id', job.product_id, 'quantity', job.quantity }
  for _, name in ipairs(EXTRAS) do
    if job[name] then asked[#asked + 1], asked[#asked + 2] = name, job[name] end
  end
  redis.call('HSET', key, 'claim', '1', 'state', 'submitting', 'attempts', '1', 'checks', '0',
    'accepted_at', at, 'submitted_at', at, 'updated_at', at, unpack(asked))
  local n = #due_at
  due_at[n + 1], due_at[n + 2] = lease_ends, job.order_id
  opened[n + 1], opened[n + 2] = at, job.order_id
  claimed[#claimed + 1] = { 'order_id', job.order_id, unpack(asked) }
end

local function receive(entry_id, entry)
  local job, twice = read(entry)
  if twice == 'order_id' or not is_order_id(job.order_id) then
    return set_aside(entry_id, entry, 'invalid_order_id')
  end
  local wrong = fault(job, twice)
  if wrong then return reject(job, 'invalid_job', wrong) end
  local key = order_key(job.order_id)
  local known = redis.call('HMGET', key, 'state', 'product_id', 'quantity', 'finished_at')
  if not known[1] then return admit(job, key) end
  if known[2] ~= job.product_id or known[3] ~= job.quantity then
    return reject(job, 'order_id_conflict',
      'this id belongs to an order of product ' .. known[2] .. ', quantity ' .. known[3])
  end
  if known[4] then replay(job, key) end
end

-- What makes the script fail on one entry must not stop the others, or be met again for ever. Returns whether the
-- entry may leave the inbox.
local function received(entry_id, entry)
  local ok, failure = pcall(receive, entry_id, entry)
  if ok then return true end
  local why = 'unusable: ' .. in_words(failure)
  if pcall(set_aside, entry_id, entry, why) or pcall(set_aside, entry_id, {}, why) then return true end
  stuck = failure
  return false
end

-- The oldest entries, so that all up to the last of them can be cut off in one stroke. Returns whether the inbox
-- may hold more.
local function take_inbox(limit)
  if limit <= 0 then return false end
  local entries = redis.call('XRANGE', jobs, '-', '+', 'COUNT', limit)
  for _, entry in ipairs(entries) do
    if not received(entry[1], entry[2]) then return false end
    last_entry = entry[1]
  end
  return #entries == limit
end

local function reclaim(id)
  local key = order_key(id)
  local state = redis.call('HGET', key, 'state')
  if not state then return redis.call('ZREM', schedule, id) end
  if state == 'review' then return redis.call('ZADD', schedule, '+inf', id) end
  redis.call('HINCRBY', key, 'claim', 1)
  if state == 'queued' or state == 'waiting' then
    redis.call('HINCRBY', key, 'attempts', 1)
    redis.call('HSET', key, 'state', 'submitting', 'submitted_at', at, 'updated_at', at)
  elseif state == 'submitting' then
    redis.call('HINCRBY', key, 'checks', 1)
    redis.call('HSET', key, 'state', 'uncertain', 'cause', 'worker_died', 'updated_at', at)
  elseif state == 'uncertain' then
    redis.call('HINCRBY', key, 'checks', 1)
    redis.call('HSET', key, 'updated_at', at)
  end
  claimed[#claimed + 1] = { 'order_id', id, unpack(redis.call('HGETALL', key)) }
end

local function take_due(limit)
  if limit <= 0 then return false end
  local due = redis.call('ZRANGEBYSCORE', schedule, '-inf', at, 'LIMIT', 0, limit)
  for _, id in ipairs(due) do
    -- The lease goes first: where Redis refuses to write, it refuses here, before anything has changed.
    redis.call('ZADD', schedule, lease_ends, id)
    local ok, failure = pcall(reclaim, id)
    if not ok then claimed[#claimed + 1] = { 'order_id', id, 'state', in_words(failure) } end
  end
  return #due == limit
end

local sources = inbox_first and { take_inbox, take_due } or { take_due, take_inbox }
local more = false
for _, take in ipairs(sources) do more = take(n - #claimed) or more end

-- Nothing was done, and nothing can be: the worker is told why.
if stuck and not last_entry and #claimed == 0 then return redis.error_reply(in_words(stuck)) end

-- An admitted order is in the schedule before its entry leaves the inbox.
if #due_at > 0 then
  redis.call('ZADD', schedule, unpack(due_at))
  redis.call('ZADD', open, unpack(opened))
end
if last_entry then
  redis.call('XTRIM', jobs, 'MINID', '=', last_entry)
  redis.call('XDEL', jobs, last_entry)
end
redis.call('XTRIM', results, 'MINID', '~', trim_before)

-- Orders in review stand at the end of the schedule: nobody looks at them by himself.
local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
local wait = first[2] and first[2] ~= 'inf' and text(math.max(first[2] - now, 0)) or '-1'
return { at, '', wait, more and 'more' or '', claimed }
