-- Claims up to `limit` orders: open orders that are due, and new ones from the inbox.
-- needs: clock, keys, record, order_rules, present_epoch, permits, answer, claim, entry, publish
--
-- arguments: first: "inbox" or "schedule", the source that goes first
-- answers by name:
--   now                 Unix ms
--   claims              a list of ledger records, each { field, value, ... } with order_id first. A new order without
--                       `state` is one that was claimed under no special condition: hp_order::claim gives the rest
--   more                present if another call would find something to do
--   next_due            ms until the next open order is due, if there is one
--   paused              the reason, if the queue is paused; nothing is claimed
--   wait                ms until orders may be claimed again, if breaker or rate allow none
--   breaker_open_since  Unix ms, if the breaker is open
--   holds               { currency, Unix ms, ... }: until then a balance is known to be too low
--   epoch, epoch_since, claims_so_far

local limit = permits(tonumber(arg_limit))
if limit == 0 then return finish_claims() end

local scheduled, opened, last_entry, stuck = {}, {}, nil, nil
local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }

-- Whether a new order may have been submitted and then forgotten: its entry is back in the inbox, or a shop that waited
-- without a result has repeated it. The time of the entry counts, because it may wait in the inbox for long.
local function may_be_forgotten(entry_id)
  if epoch.since == 0 then return false end
  local ms, number = entry_id:match('^(%d+)%-(%d+)$')
  if math.min(now, tonumber(ms)) < epoch.since + arg_resubmit_after then return true end
  local boundary_ms, boundary_number = epoch.boundary:match('^(%d+)%-(%d+)$')
  if ms ~= boundary_ms then return tonumber(ms) < tonumber(boundary_ms) end
  return tonumber(number) <= tonumber(boundary_number)
end

-- What the claim stores of an order that was never claimed before: the same for all orders of one call under the same
-- conditions.
local admissions = {}

local function admission(conditions)
  if not admissions[conditions] then
    local rule = claim_rule(ADMITTED, conditions)
    local fields = changes_by(rule, {})
    if not rule.checks then append(fields, 'checks', '0') end
    append(fields, 'accepted_at', at)
    admissions[conditions] = fields
  end
  return admissions[conditions]
end

local function admit(job, record_key, entry_id)
  local conditions, extras = may_be_forgotten(entry_id) and IS_OLDER_EPOCH or 0, {}
  local account = conditions ~= 0 and earlier_account(math.min(tonumber(entry_id:match('^%d+')), epoch.since))
  if account then append(extras, 'account', account) end
  for _, name in ipairs(EXTRAS) do
    if job[name] then append(extras, name, job[name]) end
  end
  local fields = admission(conditions)
  if #extras > 0 then
    fields = { unpack(fields) }
    for _, word in ipairs(extras) do fields[#fields + 1] = word end
  end
  local id, product_id, quantity = job.order_id, job.product_id, job.quantity
  redis.call('HSET', record_key, 'product_id', product_id, 'quantity', quantity, unpack(fields))
  append(scheduled, lease_ends, id)
  append(opened, at, id)
  claims[#claims + 1] = {
    'order_id', id, 'product_id', product_id, 'quantity', quantity, unpack(conditions == 0 and extras or fields),
  }
end

local function receive(entry_id, entry)
  local job, twice = read_job(entry)
  if twice == 'order_id' or not is_order_id(job.order_id) then
    return add_dead_letter(entry_id, entry, 'invalid_order_id')
  end
  local fault = job_fault(job, twice)
  if fault then return reject(job, 'invalid_job', fault) end
  local record_key = order_key(job.order_id)
  local known = redis.call('HMGET', record_key, 'state', 'product_id', 'quantity', 'finished_at')
  if not known[1] then return admit(job, record_key, entry_id) end
  if known[2] ~= job.product_id or known[3] ~= job.quantity then
    return reject(job, 'order_id_conflict',
      'this id belongs to an order of product ' .. known[2] .. ', quantity ' .. known[3])
  end
  if known[4] then replay(job, record_key) end
end

-- An entry that makes the script fail must neither stop the other entries nor be read again for ever. Returns whether the
-- entry may leave the inbox.
local function is_received(entry_id, entry)
  local ok, failure = pcall(receive, entry_id, entry)
  if ok then return true end
  local reason = 'unusable: ' .. message_of(failure)
  if pcall(add_dead_letter, entry_id, entry, reason) or pcall(add_dead_letter, entry_id, {}, reason) then return true end
  stuck = failure
  return false
end

-- Takes the oldest entries, so that one trim removes them all. Returns whether the inbox may hold more.
local function claim_inbox(n)
  if n <= 0 then return false end
  local entries = redis.call('XRANGE', key_jobs, '-', '+', 'COUNT', n)
  for _, entry in ipairs(entries) do
    if not is_received(entry[1], entry[2]) then return false end
    last_entry = entry[1]
  end
  return #entries == n
end

-- Returns whether the schedule may hold more orders that are due.
local function claim_due(n)
  if n <= 0 then return false end
  local due = redis.call('ZRANGEBYSCORE', key_schedule, '-inf', at, 'LIMIT', 0, n)
  for _, id in ipairs(due) do
    -- The lease goes first: if Redis refuses to write, it refuses before anything has changed.
    redis.call('ZADD', key_schedule, lease_ends, id)
    local ok, failure = pcall(claim_order, id)
    if not ok then claims[#claims + 1] = { 'order_id', id, 'state', message_of(failure) } end
  end
  return #due == n
end

local has_more = false
for _, source in ipairs(arg_first == 'inbox' and { claim_inbox, claim_due } or { claim_due, claim_inbox }) do
  has_more = source(limit - #claims) or has_more
end

-- The script has changed nothing and cannot continue: the caller gets the reason.
if stuck and not last_entry and #claims == 0 then return redis.error_reply(message_of(stuck)) end

-- An admitted order is in the schedule before its entry leaves the inbox.
if #scheduled > 0 then
  redis.call('ZADD', key_schedule, unpack(scheduled))
  redis.call('ZADD', key_open, unpack(opened))
end
if last_entry then
  redis.call('XTRIM', key_jobs, 'MINID', '=', last_entry)
  redis.call('XDEL', key_jobs, last_entry)
end
redis.call('XTRIM', key_results, 'MINID', '~', trim_before)

-- While the breaker is open, only one order at a time is claimed.
report('more', has_more and not (is_breaker_open and #claims > 0) and '1')
-- Orders in review are at the end of the schedule.
local first = redis.call('ZRANGE', key_schedule, 0, 0, 'WITHSCORES')
report('next_due', first[2] and first[2] ~= 'inf' and text(math.max(first[2] - now, 0)))
return finish_claims()
