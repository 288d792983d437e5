-- take: claims up to n orders: open ones whose time has come, and new ones from the inbox.
--
-- KEYS  1 jobs  2 schedule  3 open  4 results  5 rejected  6 paused  7 epoch  8 breaker  9 rate  10 holds
-- ARGV  1 prefix
--       2 n, the most orders to claim
--       3 lease, ms: a claimed order comes due by itself after it
--       4 "inbox" or "schedule": which source goes first
--       5 how long results are kept, ms
--       6 how long a request may be on its way (retry.resubmit_after), ms
--       7 how long a probe of the breaker may take, ms
--       8 time from one call to the next where their rate is limited, microseconds, else 0
--       9 the latest epoch that this worker knows, or ""
--      10 the latest number of a take that it knows
-- answers { now, paused reason or "", ms until the next order comes due or -1, "more" or "", claimed,
--           epoch, number of this take, ms until more may be taken or -1, silent since or "", holds }
--       now in Unix ms; "more" says that another take would find something to do;
--       claimed is a list of ledger records, each { field, value, field, value, ... } with order_id first;
--       that of a new order leaves out what all new ones have in common: they are `submitting`, of claim 1 and
--       attempt 1, without checks, accepted and submitted at `now`;
--       holds is { currency, Unix ms, ... }: until then a balance is known to be too low
--
-- What is claimed to be submitted is stored as `submitting`, with `attempts` raised, before anybody can send it.
-- An order found in `submitting` was left there by a worker that died: it is in doubt.

local jobs, schedule, open, results, rejected, paused, epochs, breaker, rate, holds = unpack(KEYS)
local prefix, n, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local inbox_first, on_its_way = ARGV[4] == 'inbox', tonumber(ARGV[6])
local interval, known_epoch, known_take = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])

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

-- A key that is not what it should be stops the script here, before anything has changed.
redis.call('XLEN', jobs)
redis.call('XLEN', results)
redis.call('XLEN', rejected)
redis.call('ZCARD', schedule)
redis.call('ZCARD', open)

-- What Redis may have forgotten -----------------------------------------------------------------------------

-- A restart, or the promotion of a replica, may lose the last writes, and begins a new epoch. What is older than its
-- beginning may be older than the truth: sent already, though it does not say so. The epoch's id is the server's, with a
-- mark where writes are known to be lost: to learn that makes all earlier claims older, too.
local function name_of(server, is_lost) return is_lost and server .. '!' or server end

local function begin_epoch(server, was)
  local is_new_queue = not was.server and known_epoch == ''
  local newest = redis.call('XREVRANGE', jobs, '+', '-', 'COUNT', 1)[1]
  -- All of it is gone that a worker knows of, as by FLUSHALL. Or a second restart, while the doubt of the first goes on:
  -- it may not shorten it.
  local is_lost = not was.server and known_take > 0 or was.since > 0 and now < was.since + on_its_way
  local begun = {
    server = server, id = name_of(server, is_lost), since = is_new_queue and 0 or now,
    boundary = newest and newest[1] or '0-0', taken = was.taken, taken_before = was.taken,
  }
  redis.call('HSET', epochs, 'server', server, 'id', begun.id, 'since', text(begun.since), 'boundary', begun.boundary,
    'taken', text(begun.taken), 'taken_before', text(begun.taken))
  return begun
end

local function current_epoch()
  local server = server_id()
  local known = redis.call('HMGET', epochs, 'server', 'id', 'since', 'boundary', 'taken', 'taken_before')
  local epoch = {
    server = known[1], id = known[2], since = tonumber(known[3] or 0), boundary = known[4],
    taken = tonumber(known[5] or 0), taken_before = tonumber(known[6] or 0),
  }
  if epoch.server ~= server then epoch = begin_epoch(server, epoch) end
  -- A worker remembers a take that Redis does not: writes are lost indeed. That counts as a take, so that whoever knows
  -- of it can tell if it is forgotten in its turn.
  local is_of_before = known_epoch ~= '' and known_epoch:gsub('!', '') ~= server
  if epoch.id == server and is_of_before and known_take > epoch.taken_before then
    epoch.id, epoch.taken = name_of(server, true), redis.call('HINCRBY', epochs, 'taken', 1)
    redis.call('HSET', epochs, 'id', epoch.id)
  end
  return epoch
end

local function is_up_to(entry_id, boundary)
  local ms, number = entry_id:match('^(%d+)%-(%d+)$')
  local boundary_ms, boundary_number = boundary:match('^(%d+)%-(%d+)$')
  if ms ~= boundary_ms then return tonumber(ms) < tonumber(boundary_ms) end
  return tonumber(number) <= tonumber(boundary_number)
end

local epoch = current_epoch()

-- Whether a new order may be one that was sent already and then forgotten: its entry is back in the inbox, or a shop
-- that waited in vain has repeated it.
local function may_be_forgotten(entry_id)
  -- What counts is when it was put in: it may have waited in the inbox for long.
  local put_in = math.min(now, tonumber(entry_id:match('^%d+')))
  return epoch.since > 0 and (put_in < epoch.since + on_its_way or is_up_to(entry_id, epoch.boundary))
end

-- How long a forgotten request may still arrive. If nothing is known to be lost, one lease: by then every living
-- worker has told what it remembers.
local function doubt_until(restarted_at)
  local is_safe = tonumber(restarted_at) == epoch.since and epoch.id == epoch.server
  return text(restarted_at + (is_safe and lease or on_its_way))
end

-- Whether anything may be taken ----------------------------------------------------------------------------

-- Ms to wait, since when HitPoints is silent.
local function nothing(reason, wait, silent_since)
  return { at, reason, '-1', '', {}, epoch.id, epoch.taken, wait, silent_since, {} }
end

if redis.call('EXISTS', paused) == 1 then
  local reason = redis.call('HGET', paused, 'reason')
  return nothing(reason and reason ~= '' and reason or 'no reason given', -1, '')
end

-- The breaker: while HitPoints is silent, one order at a time tries whether it is back.
local silent = redis.call('HMGET', breaker, 'until', 'since')
if silent[1] then
  if now < tonumber(silent[1]) then return nothing('', silent[1] - now, silent[2]) end
  n = 1
end

-- The rate: calls are spread evenly; after an idle time a tenth of a second's worth may leave at once.
local now_us, first_free = time[1] * 1000000 + time[2], nil
if interval > 0 then
  first_free = math.max(tonumber(redis.call('GET', rate) or 0), now_us - math.max(interval, 100000))
  n = math.min(n, math.floor((now_us - first_free) / interval))
  if n <= 0 then return nothing('', math.max(math.ceil((first_free + interval - now_us) / 1000), 1), '') end
end

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

local function hand_out(id, key, restarted_at)
  local fields = redis.call('HGETALL', key)
  if restarted_at then fields[#fields + 1], fields[#fields + 2] = 'doubt_until', doubt_until(restarted_at) end
  claimed[#claimed + 1] = { 'order_id', id, unpack(fields) }
end

local function admit(job, key, entry_id)
  local asked = { 'product_id', job.product_id, 'quantity', job.quantity }
  for _, name in ipairs(EXTRAS) do
    if job[name] then asked[#asked + 1], asked[#asked + 2] = name, job[name] end
  end
  local n = #due_at
  due_at[n + 1], due_at[n + 2] = lease_ends, job.order_id
  opened[n + 1], opened[n + 2] = at, job.order_id
  if may_be_forgotten(entry_id) then
    redis.call('HSET', key, 'claim', '1', 'state', 'uncertain', 'cause', 'redis_restarted', 'attempts', '1',
      'checks', '1', 'restarted_at', text(epoch.since), 'accepted_at', at, 'updated_at', at, 'epoch', epoch.id,
      unpack(asked))
    return hand_out(job.order_id, key, epoch.since)
  end
  redis.call('HSET', key, 'claim', '1', 'state', 'submitting', 'attempts', '1', 'checks', '0',
    'accepted_at', at, 'submitted_at', at, 'updated_at', at, 'epoch', epoch.id, unpack(asked))
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
  if not known[1] then return admit(job, key, entry_id) end
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
  local was = redis.call('HMGET', key, 'state', 'epoch', 'claim', 'settled', 'restarted_at')
  local state, restarted_at = was[1], was[5]
  if not state then return redis.call('ZREM', schedule, id) end
  if state == 'review' then return redis.call('ZADD', schedule, '+inf', id) end
  local is_unsent, is_sent = state == 'queued' or state == 'waiting', state == 'submitting' or state == 'uncertain'
  local is_older = epoch.since > 0 and was[2] ~= epoch.id
  local changes = { 'updated_at', at, 'epoch', epoch.id }
  local function change(field, value) changes[#changes + 1], changes[#changes + 2] = field, value end

  redis.call('HINCRBY', key, 'claim', 1)
  if is_unsent then redis.call('HINCRBY', key, 'attempts', 1) end
  if is_unsent and not is_older then
    change('state', 'submitting')
    change('submitted_at', at)
  elseif is_unsent or is_sent then
    redis.call('HINCRBY', key, 'checks', 1)
    change('state', 'uncertain')
    if is_unsent then change('cause', 'redis_restarted') end
    if state == 'submitting' then change('cause', 'worker_died') end
    if is_older then
      restarted_at = text(epoch.since)
      change('restarted_at', restarted_at)
    elseif is_sent and was[4] ~= was[3] then
      redis.call('HINCRBY', key, 'crashes', 1)
    end
  end
  redis.call('HSET', key, unpack(changes))
  hand_out(id, key, restarted_at)
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

local number = epoch.taken
if #claimed > 0 then
  number = redis.call('HINCRBY', epochs, 'taken', 1)
  if silent[1] then
    -- If nothing is heard of it, another one is let through after this time.
    local probe = redis.call('HGET', order_key(claimed[1][2]), 'claim')
    redis.call('HSET', breaker, 'until', text(now + ARGV[7]), 'probe', claimed[1][2] .. ' ' .. (probe or ''))
    more = false
  end
  if first_free then
    local taken_up_to = first_free + #claimed * interval
    redis.call('SET', rate, text(taken_up_to), 'PX', text(math.max(taken_up_to - now_us, 0) / 1000 + 10000))
  end
end

-- Orders in review stand at the end of the schedule: nobody looks at them by himself.
local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
local wait = first[2] and first[2] ~= 'inf' and text(math.max(first[2] - now, 0)) or '-1'
return { at, '', wait, more and 'more' or '', claimed, epoch.id, number, -1, silent[2] or '',
  redis.call('HGETALL', holds) }
