-- Claiming what is new and what is due.

local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }
local claimed, due_at, opened, last_entry, stuck = {}, {}, {}, nil, nil

local function in_words(failure) return type(failure) == 'table' and failure.err or tostring(failure) end

local function order_key(id) return prefix .. ':order:' .. id end

local function hand_out(id, key, restarted_at, repetition)
  local fields = redis.call('HGETALL', key)
  for name, value in pairs(repetition and cmsgpack.unpack(repetition) or {}) do
    fields[#fields + 1], fields[#fields + 2] = 'again_' .. name, value
  end
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
  local has_ended = not is_unsent and not is_sent
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
  hand_out(id, key, restarted_at, has_ended and redis.call('LINDEX', repetitions_key(id), 0))
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
    local claim = redis.pcall('HGET', order_key(claimed[1][2]), 'claim')
    local probe = claimed[1][2] .. ' ' .. (type(claim) == 'string' and claim or '')
    redis.call('HSET', breaker, 'until', text(now + ARGV[7]), 'probe', probe)
    more = false
  end
  if first_free then
    local taken_up_to = first_free + #claimed * interval
    -- Kept until it says no more than that calls are free; their time may come at intervals of hours.
    local kept = math.max(taken_up_to + interval - now_us, 0) / 1000 + 10000
    redis.call('SET', rate, text(taken_up_to), 'PX', text(kept))
  end
end

-- Orders in review stand at the end of the schedule: nobody looks at them by himself.
local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
local wait = first[2] and first[2] ~= 'inf' and text(math.max(first[2] - now, 0)) or '-1'
return { at, '', wait, more and 'more' or '', claimed, epoch.id, number, -1, silent[2] or '',
  redis.call('HGETALL', holds) }
