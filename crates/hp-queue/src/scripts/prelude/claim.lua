-- Claims orders: applies the rule of hp_order::claim to their records.
-- needs: clock, keys, record, order_rules, present_epoch, fence, answer, state_sets
-- keys: schedule, open, results, rejected, paused, breaker, throttle, epoch, holds, held
-- arguments: limit, lease, longest_probe, resubmit_after, account, call_interval
-- offers: claims        a list of claimed orders, as the answer gives them
--         claimed       how many they are
--         add_claim(record), add_new(id, product_id, quantity, enqueued_at)
--         lease_ends    the time at which the lease of a claim ends, Unix ms as text
--         gate          what may limit the claims, or false if nothing does
--         check_types() stops the script if a key has a wrong type: before any order has changed
--         claim_limit() how many orders may be claimed now
--         changes_by(rule, record)
--         earlier_account()
--         claim_order(id, is_named, due_at)
--         finish_claims()
--
-- `claims` of the answer: each item is a ledger record, { field, value, ... } with order_id first. Or it is a text: new
-- orders that were claimed under no special condition and want nothing but cards, a line for each,
-- `order_id product_id quantity enqueued_at`. hp_order::claim gives the rest of their records, and of those without `state`.
-- `enqueued_at` of a new order is the time in the id of its entry, Unix ms. Records do not keep it.
--
-- An order that is claimed for submission is stored as such, with `attempts` raised, before a worker can send it.

local claims, claimed, lease_ends = {}, 0, text(now + arg_lease)

local new_lines = {}

local function close_lines()
  if #new_lines > 0 then claims[#claims + 1], new_lines = table.concat(new_lines, '\n'), {} end
end

local function add_claim(record)
  close_lines()
  claims[#claims + 1], claimed = record, claimed + 1
end

local function add_new(id, product_id, quantity, enqueued_at)
  new_lines[#new_lines + 1] = id .. ' ' .. product_id .. ' ' .. quantity .. ' ' .. enqueued_at
  claimed = claimed + 1
end

local function look_at_limits()
  -- here: permits
  return {
    permits = permits, use_permits = use_permits, is_rate_used_up = is_rate_used_up, is_breaker_open = is_breaker_open,
    report_breaker = report_breaker, holds = redis.call('HGETALL', key_holds),
  }
end

-- Mostly nothing limits the claims, and one look shows it.
local gate = (arg_call_interval ~= '0'
  or redis.call('EXISTS', key_paused, key_breaker, key_throttle, key_holds, key_held) > 0) and look_at_limits()

local function check_types()
  redis.call('XLEN', key_results)
  redis.call('XLEN', key_rejected)
  redis.call('ZCARD', key_open)
end

local function claim_limit()
  if is_fenced() then return 0 end
  local limit = tonumber(arg_limit)
  if gate then limit = gate.permits(limit) end
  if limit == 0 then return 0 end
  local settling = settling_time(arg_lease)
  if settling > 0 then
    report('wait', text(settling))
    return 0
  end
  return limit
end

-- Returns the account of a submission that Redis may have forgotten, if the queue got another account after the epoch began.
-- A switch that is older is one that Redis remembers, so what it has forgotten came later.
local function earlier_account() return previous_account and switched_steady >= epoch.since and previous_account or nil end

-- Returns what a rule changes in a record, as { field, value, ... }.
local function changes_by(rule, record)
  local changes = { 'claim', text((record.claim or 0) + 1), 'epoch', epoch.id, 'updated_at', at }
  if rule.attempts then append(changes, 'attempts', text((record.attempts or 0) + rule.attempts)) end
  if rule.checks then append(changes, 'checks', text((record.checks or 0) + rule.checks)) end
  if rule.crashes then append(changes, 'crashes', text((record.crashes or 0) + rule.crashes)) end
  if rule.state ~= record.state then append(changes, 'state', rule.state) end
  if rule.cause and rule.cause ~= record.cause then append(changes, 'cause', rule.cause) end
  if rule.is_submission then
    append(changes, 'submitted_at', at)
    -- In steady time, so that no clock step and no change of the rule shortens it.
    append(changes, 'arrives_within', text(epoch.steady + arg_resubmit_after - now))
    -- Left out as long as it is the same as `submitted_at`.
    local first = record.first_submitted_at
    if first and not record.stored_first then append(changes, 'first_submitted_at', first) end
    if record.stored_first and not first then append(changes, 'first_submitted_at', at) end
    if arg_account ~= '' then append(changes, 'account', arg_account) end
  end
  if rule.begins_doubt then
    append(changes, 'restarted_at', text(epoch.since))
    local account = earlier_account()
    if account then append(changes, 'account', account) end
  end
  return changes
end

local function release_from(scope, id)
  -- here: held
  release_order(id, scope)
end

-- Claims an order that has a record. A caller that names it may claim it before its time: `due_at`, when it would have been
-- due.
local function claim_order(id, is_named, due_at)
  local record_key = order_key(id)
  local known = redis.call('HMGET', record_key,
    'state', 'cause', 'claim', 'settled', 'epoch', 'attempts', 'checks', 'crashes', 'first_submitted_at', 'account', 'held',
    'submitted_at')
  local record = {
    state = known[1], cause = known[2], claim = known[3], attempts = known[6], checks = known[7], crashes = known[8],
    -- A record on another account is no record of this submission.
    first_submitted_at = (known[10] or '') == arg_account and (known[9] or known[12]) or nil,
    stored_first = known[9],
  }
  if not record.state then
    note_any_state(id, '')
    return redis.call('ZREM', key_schedule, id)
  end
  if record.state == IN_REVIEW and not is_named then return redis.call('ZADD', key_schedule, '+inf', id) end
  local conditions = is_named and IS_NAMED or 0
  if epoch.since > 0 and known[5] ~= epoch.id then conditions = conditions + IS_OLDER_EPOCH end
  -- A claim that ends without a settle call was lost by a worker that vanished.
  if known[4] ~= record.claim then conditions = conditions + HAS_CLAIMANT_VANISHED end
  -- The caller reports a state that has no rule.
  local rule = claim_rule(record.state, conditions)
  if rule then
    redis.call('HSET', record_key, unpack(changes_by(rule, record)))
    note_state(id, record.state, rule.state)
  end
  local scope = known[11]
  if scope then
    release_from(scope, id)
    redis.call('HDEL', record_key, 'held')
  end
  local claim = { 'order_id', id, unpack(redis.call('HGETALL', record_key)) }
  if scope then append(claim, 'held', scope) end
  if rule and rule.drops_doubt then append(claim, 'drops_doubt', '1') end
  if due_at then append(claim, 'due_at', due_at) end
  add_claim(claim)
end

-- While the breaker is open, this order is its probe: the only one that calls HitPoints. If the probe has no outcome,
-- another order may be the probe after the longest time that one can take.
local function mark_probe(claimed_order)
  local id = type(claimed_order) == 'table' and claimed_order[2] or claimed_order:match('^%S+')
  local claim = redis.pcall('HGET', order_key(id), 'claim')
  -- A record that cannot be used is no probe.
  if type(claim) ~= 'string' then return end
  redis.call('HSET', key_breaker, 'until', text(now + arg_longest_probe), 'probe', id .. ' ' .. claim)
end

-- Counts the claims and adds to the answer what all claim scripts have in common.
local function finish_claims()
  close_lines()
  if claimed > 0 then epoch.claims = redis.call('HINCRBY', key_epoch, 'claims', 1) end
  report('claims', claims)
  if gate then
    gate.use_permits(claimed)
    if gate.is_breaker_open and claimed > 0 then mark_probe(claims[1]) end
    report('holds', gate.holds)
    gate.report_breaker()
  end
  report_epoch()
  return answer
end
