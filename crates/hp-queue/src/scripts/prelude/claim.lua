-- Claims orders: applies the rule of hp_order::claim to their records.
-- needs: clock, keys, record, order_rules, present_epoch, permits, answer
-- keys: jobs, schedule, open, results, rejected, breaker, epoch, holds
-- arguments: lease, longest_probe
-- offers: claims        a list of claimed orders, each { field, value, ... } with order_id first
--         lease_ends    the time at which the lease of a claim ends, Unix ms as text
--         claim_record(id, record, conditions)
--         claim_order(id, is_named, due_at)
--         finish_claims()
--
-- An order that is claimed for submission is stored as such, with `attempts` raised, before anybody can send it.

-- A key of a wrong type stops the script here, before anything has changed.
redis.call('XLEN', key.jobs)
redis.call('XLEN', key.results)
redis.call('XLEN', key.rejected)
redis.call('ZCARD', key.schedule)
redis.call('ZCARD', key.open)
redis.call('HLEN', key.holds)

local claims, lease_ends = {}, text(now + arg.lease)

-- Applies a rule to a record. Returns the changes as { field, value, ... }.
local function apply_rule(rule, record)
  local changes = {}
  local function change(field, value)
    record[field] = value
    append(changes, field, value)
  end
  local function raise(counter, by)
    if by then change(counter, text((record[counter] or 0) + by)) end
  end
  raise('claim', 1)
  raise('attempts', rule.attempts)
  raise('checks', rule.checks)
  raise('crashes', rule.crashes)
  if rule.state ~= record.state then change('state', rule.state) end
  if rule.cause and rule.cause ~= record.cause then change('cause', rule.cause) end
  if rule.is_submission then change('submitted_at', at) end
  if rule.begins_doubt then change('restarted_at', text(epoch.since)) end
  change('epoch', epoch.id)
  change('updated_at', at)
  return changes
end

local function hand_out(id, record)
  local claim = { 'order_id', id }
  for field, value in pairs(record) do append(claim, field, value) end
  claims[#claims + 1] = claim
end

-- The first of the repetitions that wait for the result of an ended order may ask for another stream or `meta`.
local function add_replay(id, record)
  local words = redis.call('LINDEX', replays_key(id), 0)
  for name, value in pairs(words and cmsgpack.unpack(words) or {}) do record['replay_' .. name] = value end
end

-- Claims an order that has a record. A caller that names it may claim it before its time: `due_at`, when it would have been
-- due.
local function claim_order(id, is_named, due_at)
  local record_key = order_key(id)
  local record = as_map(redis.call('HGETALL', record_key))
  if not record.state then return redis.call('ZREM', key.schedule, id) end
  if record.state == IN_REVIEW and not is_named then return redis.call('ZADD', key.schedule, '+inf', id) end
  local is_older = epoch.since > 0 and record.epoch ~= epoch.id
  -- A claim that ends without a settle call was lost by a worker that vanished.
  local has_claimant_vanished = record.settled ~= record.claim
  local rule = claim_rule(record.state, (is_older and IS_OLDER_EPOCH or 0) + (is_named and IS_NAMED or 0)
    + (has_claimant_vanished and HAS_CLAIMANT_VANISHED or 0))
  if rule then redis.call('HSET', record_key, unpack(apply_rule(rule, record))) end
  if rule and rule.drops_doubt then record.restarted_at = nil end
  if has_ended(record.state) then add_replay(id, record) end
  record.due_at = due_at or nil
  hand_out(id, record)
end

-- If nothing is heard of this probe of the breaker, another one is let through after the longest time that it may take.
local function mark_probe(id)
  local claim = redis.pcall('HGET', order_key(id), 'claim')
  -- A record that cannot be used is no probe.
  if type(claim) ~= 'string' then return end
  redis.call('HSET', key.breaker, 'until', text(now + arg.longest_probe), 'probe', id .. ' ' .. claim)
end

-- Counts the claims and adds to the answer what all claim scripts have in common.
local function finish_claims()
  if #claims > 0 then
    use_permits(#claims)
    epoch.taken = redis.call('HINCRBY', key.epoch, 'taken', 1)
    if is_breaker_open then mark_probe(claims[1][2]) end
  end
  report('now', at)
  report('claims', claims)
  report('holds', redis.call('HGETALL', key.holds))
  report_epoch()
  report_breaker()
  return answer
end

