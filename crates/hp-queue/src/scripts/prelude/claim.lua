-- Claims orders: applies the rule of hp_order::claim to their records.
-- needs: clock, keys, record, order_rules, present_epoch, permits, answer, held
-- keys: jobs, schedule, open, results, rejected, queue, breaker, epoch, holds, held
-- arguments: limit, lease, longest_probe, resubmit_after, account
-- offers: claims        a list of claimed orders, each { field, value, ... } with order_id first
--         lease_ends    the time at which the lease of a claim ends, Unix ms as text
--         claim_limit() how many orders may be claimed now
--         changes_by(rule, record)
--         earlier_account()
--         claim_order(id, is_named, due_at)
--         finish_claims()
--
-- An order that is claimed for submission is stored as such, with `attempts` raised, before a worker can send it.

-- A key of a wrong type stops the script here, before any order has changed.
redis.call('XLEN', key_jobs)
redis.call('XLEN', key_results)
redis.call('XLEN', key_rejected)
redis.call('ZCARD', key_schedule)
redis.call('ZCARD', key_open)
redis.call('HLEN', key_holds)
redis.call('ZCARD', key_held)

local claims, lease_ends = {}, text(now + arg_lease)

local function claim_limit()
  local limit, settling = permits(tonumber(arg_limit)), settling_time(arg_lease)
  if limit == 0 or settling <= 0 then return limit end
  report_wait(settling)
  return 0
end

local switch = redis.call('HMGET', key_queue, 'previous_account', 'switched_steady')

-- Returns the account of a submission that Redis may have forgotten, if the queue got another account after the epoch began.
-- A switch that is older is one that Redis remembers, so what it has forgotten came later.
local function earlier_account()
  return switch[1] and (tonumber(switch[2] or nil) or 0) >= epoch.since and switch[1] or nil
end

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
    if not record.first_submitted_at then append(changes, 'first_submitted_at', at) end
    if arg_account ~= '' then append(changes, 'account', arg_account) end
  end
  if rule.begins_doubt then
    append(changes, 'restarted_at', text(epoch.since))
    local account = earlier_account()
    if account then append(changes, 'account', account) end
  end
  return changes
end

-- Claims an order that has a record. A caller that names it may claim it before its time: `due_at`, when it would have been
-- due.
local function claim_order(id, is_named, due_at)
  local record_key = order_key(id)
  local known = redis.call('HMGET', record_key,
    'state', 'cause', 'claim', 'settled', 'epoch', 'attempts', 'checks', 'crashes', 'first_submitted_at', 'account', 'held')
  local record = {
    state = known[1], cause = known[2], claim = known[3], attempts = known[6], checks = known[7], crashes = known[8],
    -- A record on another account is no record of this submission.
    first_submitted_at = (known[10] or '') == arg_account and known[9] or nil,
  }
  if not record.state then return redis.call('ZREM', key_schedule, id) end
  if record.state == IN_REVIEW and not is_named then return redis.call('ZADD', key_schedule, '+inf', id) end
  local conditions = is_named and IS_NAMED or 0
  if epoch.since > 0 and known[5] ~= epoch.id then conditions = conditions + IS_OLDER_EPOCH end
  -- A claim that ends without a settle call was lost by a worker that vanished.
  if known[4] ~= record.claim then conditions = conditions + HAS_CLAIMANT_VANISHED end
  -- The caller reports a state that has no rule.
  local rule = claim_rule(record.state, conditions)
  if rule then redis.call('HSET', record_key, unpack(changes_by(rule, record))) end
  local scope = known[11]
  if scope then
    release_order(id, scope)
    redis.call('HDEL', record_key, 'held')
  end
  local claim = { 'order_id', id, unpack(redis.call('HGETALL', record_key)) }
  if scope then append(claim, 'held', scope) end
  if rule and rule.drops_doubt then append(claim, 'drops_doubt', '1') end
  if due_at then append(claim, 'due_at', due_at) end
  claims[#claims + 1] = claim
end

-- While the breaker is open, this order is its probe: the only one that calls HitPoints. If the probe has no outcome,
-- another order may be the probe after the longest time that one can take.
local function mark_probe(id)
  local claim = redis.pcall('HGET', order_key(id), 'claim')
  -- A record that cannot be used is no probe.
  if type(claim) ~= 'string' then return end
  redis.call('HSET', key_breaker, 'until', text(now + arg_longest_probe), 'probe', id .. ' ' .. claim)
end

-- Counts the claims and adds to the answer what all claim scripts have in common.
local function finish_claims()
  if #claims > 0 then
    use_permits(#claims)
    epoch.claims = redis.call('HINCRBY', key_epoch, 'claims', 1)
    if is_breaker_open then mark_probe(claims[1][2]) end
  end
  report('claims', claims)
  report('holds', redis.call('HGETALL', key_holds))
  report_epoch()
  report_breaker()
  return answer
end

