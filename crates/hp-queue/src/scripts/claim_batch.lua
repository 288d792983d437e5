-- Claims up to `limit` orders: open orders that are due, and new ones from the inbox.
-- needs: clock, keys, record, order_rules, present_epoch, permits, answer, claim, entry, entry_id, copied, trim, publish
-- needs: replay, inbox, inbox_count
--
-- arguments: first: "inbox" or "schedule", the source that goes first
-- answers by name:
--   now                 Unix ms
--   claims              a list of ledger records, each { field, value, ... } with order_id first. A new order without
--                       `state` is one that was claimed under no special condition: hp_order::claim gives the rest
--   took_entries        present if the call has taken entries from the inbox
--   more                present if another call would find something to do
--   next_due            ms until the next open order is due or may return from its hold, if there is one
--   paused              the reason, if the queue is paused; nothing is claimed
--   wait                ms until orders may be claimed again, if breaker or rate allow none
--   breaker_open_since  Unix ms, if the breaker is open
--   lost                how many entries have left the inbox before a worker took them, since the last claim, if any
--   holds               { scope, Unix ms, ... }: until then a balance is known to be too low
--   epoch, epoch_since, epoch_promoted, steady, clock_step, claims_so_far: see prelude/epoch.lua. `clock_step` is by how many
--                       ms the clock was set since the caller's last call, if it was

local inbox = observe_inbox()

-- Each lost entry is reported once.
local function note_lost(last_entry)
  if inbox and store_inbox(inbox, last_entry) and inbox.missing > 0 then report('lost', text(inbox.missing)) end
end

local limit = claim_limit()
if limit == 0 then
  note_lost()
  return finish_claims()
end

local scheduled, opened, last_entry, stuck = {}, {}, nil, nil
local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }

-- Whether a new order may have been submitted and then forgotten: its entry is back in the inbox, or a shop that waited
-- without a result has repeated it.
local function may_be_forgotten(entry_id)
  if epoch.since == 0 then return false end
  return epoch.closed ~= '1' or not is_later_entry(entry_id, epoch.boundary)
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
  local account = conditions ~= 0 and earlier_account()
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

-- Whether an entry with the id of an order is no repetition of its job.
local function is_conflict(job, product_id, quantity, reply_to)
  return job.product_id ~= product_id or job.quantity ~= quantity or job.reply_to and job.reply_to ~= reply_to
end

-- The answer says nothing about the order: whoever uses its id may belong to another shop.
local CONFLICT = 'another job has used this order_id before, with another product_id, quantity or reply_to'

local function receive(entry_id, entry)
  local job = read_job(entry)
  if job.twice.order_id or not is_order_id(job.order_id) then
    return add_dead_letter(entry_id, entry, 'invalid_order_id')
  end
  local record_key, fault = order_key(job.order_id), job_fault(job)
  local known = redis.call('HMGET', record_key,
    'state', 'product_id', 'quantity', 'reply_to', 'first_reply_to', 'finished_at', 'newest_entry')
  if not known[1] then
    if fault then return answer_entry(job, 'rejected', 'invalid_job', fault) end
    return admit(job, record_key, entry_id)
  end
  if fault then return answer_entry(job, 'conflict', 'invalid_repetition', fault) end
  if is_conflict(job, known[2], known[3], known[5] or known[4]) then
    return answer_entry(job, 'conflict', 'order_id_conflict', CONFLICT)
  end
  -- A repetition that was enqueued before the order ended asks for a result that has come since.
  local is_new = not known[7] or is_later_entry(entry_id, known[7])
  if known[6] and is_new then replay(job, record_key) end
end

-- An entry that makes the script fail must neither stop the other entries nor be read again for ever. Returns whether the
-- entry may leave the inbox.
local function is_received(entry_id, entry)
  count_copied(entry)
  local ok, failure = pcall(receive, entry_id, entry)
  if ok then return true end
  local reason = 'unusable: ' .. message_of(failure)
  if pcall(add_dead_letter, entry_id, entry, reason) or pcall(add_dead_letter, entry_id, {}, reason) then return true end
  stuck = failure
  return false
end

-- Entries of one read: they may be large.
local PAGE = 16

-- Takes the oldest entries, so that one trim removes them all. Returns whether the inbox may hold more.
local function claim_inbox(n)
  if n <= 0 then return false end
  local start = '-'
  repeat
    local count = math.min(n, PAGE)
    local entries = redis.pcall('XRANGE', key_jobs, start, '+', 'COUNT', count)
    for _, entry in ipairs(entries) do
      if not is_received(entry[1], entry[2]) then return false end
      last_entry = entry[1]
      if has_copied_enough() then return true end
    end
    -- Nothing follows the largest id, and a range after it is an error.
    if #entries < count then return false end
    n, start = n - count, '(' .. last_entry
  until n == 0
  return true
end

-- Orders that are due. An order that is due later than any wait ends is due, too: the clock was set back.
local function due_orders(n)
  local due = redis.call('ZRANGEBYSCORE', key_schedule, '-inf', at, 'LIMIT', 0, n)
  if #due == n then return due end
  local too_late = '(' .. text(now + longest_wait(tonumber(arg_longest_delay)))
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key_schedule, too_late, '(+inf', 'LIMIT', 0, n - #due)) do
    due[#due + 1] = id
  end
  return due
end

-- Returns whether the schedule may hold more orders that are due.
local function claim_due(n)
  if n <= 0 then return false end
  local due = due_orders(n)
  for _, id in ipairs(due) do
    -- The lease goes first: if Redis refuses to write, it refuses before anything has changed.
    redis.call('ZADD', key_schedule, lease_ends, id)
    local ok, failure = pcall(claim_order, id)
    if not ok then claims[#claims + 1] = { 'order_id', id, 'state', message_of(failure) } end
  end
  return #due == n
end

return_held(limit, tonumber(arg_balance_pause), longest_wait(tonumber(arg_balance_pause)))

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
  if is_largest_time(last_entry) then repair_inbox() end
end
note_lost(last_entry)
redis.call('XTRIM', key_results, 'MINID', '~', trim_before())

report('took_entries', last_entry and '1')
-- While the breaker is open, only one order at a time is claimed.
report('more', has_more and not (is_breaker_open and #claims > 0) and '1')
-- Orders in review are at the end of the schedule.
local first = tonumber(redis.call('ZRANGE', key_schedule, 0, 0, 'WITHSCORES')[2] or nil) or math.huge
local next_due = math.min(first, next_return() or math.huge)
report('next_due', next_due < math.huge and text(math.max(next_due - now, 0)))
return finish_claims()
