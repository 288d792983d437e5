-- Claims the orders with these ids, up to `limit` of them, in whatever state they are, and repairs the indexes. Leaves out
-- an order that its claimant may still be processing, and an ended order without a repetition that waits.
-- needs: clock, keys, record, order_rules, answer, claim, held, events, state_sets
--
-- arguments: leaves_unsent  "1": orders that are certainly not charged are left out, and only their indexes are repaired
-- values: ids
-- answers by name: as claim_batch, without `more` and `next_due`, and with
--   skips  { id, word, ... }: why an order was left out, or what was repaired
--            claimed         another worker may be processing it
--            unsent          it is certainly not charged
--            ended           it has ended, and no repetition waits for its result
--            unknown         there is no such order
--            unusable: ...   its record cannot be used
--            forgotten       repaired: it was in an index and has no record
--            listed          repaired: it was not among the open orders
--            scheduled       repaired: it was neither in the schedule nor held
--            unlisted        repaired: it has ended and was among the open orders
--            without_result  it had ended without a result, and is claimed to publish one

local skips = {}

local function skip(id, word) append(skips, id, word) end

local function report_repair(id, word)
  skip(id, word)
  add_event('reconcile.difference', id, { repaired = word })
end

local function is_claimed(claim, settled, due_at)
  return claim ~= settled and due_at and is_ahead(due_at, longest_wait(math.max(arg_lease, arg_resubmit_after)))
end

-- Returns whether the order is left out.
local function check_ended(id, result, is_open)
  if not result then return report_repair(id, 'without_result') end
  if is_open then
    redis.call('ZREM', key_open, id)
    report_repair(id, 'unlisted')
  end
  if redis.call('EXISTS', replays_key(id)) == 1 then return false end
  redis.call('ZREM', key_schedule, id)
  skip(id, 'ended')
  return true
end

local function check_open(id, accepted_at, is_open, has_place)
  if not is_open then
    redis.call('ZADD', key_open, accepted_at or at, id)
    report_repair(id, 'listed')
  end
  if not has_place then report_repair(id, 'scheduled') end
end

-- A restart of Redis casts doubt on an order that seems unsent.
local function is_left_unsent(state, order_epoch)
  return arg_leaves_unsent == '1' and is_unsent(state) and (epoch.since == 0 or order_epoch == epoch.id)
end

local function needs_claim(id, known)
  if not has_ended(known[1]) then return not is_left_unsent(known[1], known[7]) end
  return not known[4] or redis.call('EXISTS', replays_key(id)) == 1
end

local WAITS_FOR_PERMIT = 'waits'

-- Leaves out the order, or returns how to claim it: when it would have been due, or false. An order that needs no claim needs
-- no permit.
local function examine(id, has_permit)
  local known = redis.call('HMGET', order_key(id), 'state', 'claim', 'settled', 'result', 'accepted_at', 'held', 'epoch')
  local due_at, is_open = redis.call('ZSCORE', key_schedule, id), redis.call('ZSCORE', key_open, id)
  note_any_state(id, not has_ended(known[1]) and known[1] or '')
  if not known[1] then
    local removed = redis.call('ZREM', key_open, id) + redis.call('ZREM', key_schedule, id)
    if removed > 0 then return report_repair(id, 'forgotten') end
    return skip(id, 'unknown')
  end
  if is_claimed(known[2], known[3], due_at) then return skip(id, 'claimed') end
  if not has_permit and needs_claim(id, known) then return WAITS_FOR_PERMIT end
  if has_ended(known[1]) then
    if check_ended(id, known[4], is_open) then return end
  else
    local has_place = due_at or known[6] and is_held(id, known[6])
    check_open(id, known[5], is_open, has_place)
    if is_left_unsent(known[1], known[7]) then
      if not has_place then redis.call('ZADD', key_schedule, at, id) end
      return skip(id, 'unsent')
    end
  end
  return due_at ~= 'inf' and due_at
end

-- Stops at the first order that waits for a permit: the next call continues there.
local function examine_and_claim(limit)
  for i = FIRST_VALUE, #ARGV do
    local id = ARGV[i]
    local ok, due_at = pcall(examine, id, claimed < limit)
    if not ok then
      skip(id, 'unusable: ' .. message_of(due_at))
    elseif due_at == WAITS_FOR_PERMIT then
      return
    elseif due_at ~= nil then
      redis.call('ZADD', key_schedule, lease_ends, id)
      local is_claimed_now, failure = pcall(claim_order, id, true, due_at)
      if not is_claimed_now then skip(id, 'unusable: ' .. message_of(failure)) end
    end
  end
end

-- An order without a record that has left all other indexes can only be met by chance.
local STRANGERS_LOOKED_FOR = 4

local function drop_strangers()
  for state in pairs(IN_SETS) do
    local ids = redis.pcall('SRANDMEMBER', key_states .. ':' .. state, STRANGERS_LOOKED_FOR)
    local open = #ids > 0 and redis.call('ZMSCORE', key_open, unpack(ids)) or {}
    for i, id in ipairs(ids) do
      if not open[i] then note_any_state(id, '') end
    end
  end
end

-- Orders that are left out need no call, so a rate that is used up does not stop the script.
local limit = claim_limit()
if limit > 0 or gate and gate.is_rate_used_up() then
  check_types()
  redis.call('ZCARD', key_schedule)
  redis.call('ZCARD', key_held)
  drop_strangers()
  examine_and_claim(limit)
  store_states()
end

report('skips', skips)
return finish_claims()
