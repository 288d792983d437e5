-- Taking what is new.

local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }
local due_at, opened, last_entry, stuck = {}, {}, nil, nil

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
    return hand_out(job.order_id, key, epoch.since, true)
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
