-- Admits new orders: creates their records and claims them.
-- needs: clock, record, order_rules, present_epoch, claim, state_sets
-- keys: schedule, open
-- offers: admit(id, record_key, product_id, quantity, conditions, job, entry_id)  `job`: further fields of the entry, if any
--         schedule_admitted()  to be called before the entries leave the inbox
--         has_admitted()

local scheduled, opened, admissions = {}, {}, {}
local EXTRAS = { 'deadline', 'reply_to', 'meta', 'traceparent' }

local function has_admitted() return #opened > 0 end

-- What the claim stores of an order that was never claimed before: the same for all orders of one call under the same
-- conditions, except the last four words.
local function admission(conditions)
  if not admissions[conditions] then
    local rule = claim_rule(ADMITTED, conditions)
    local fields = changes_by(rule, {})
    if not rule.checks then append(fields, 'checks', '0') end
    append(fields, 'accepted_at', at)
    append(fields, 'product_id', '')
    append(fields, 'quantity', '')
    admissions[conditions] = { fields, rule.state }
  end
  return unpack(admissions[conditions])
end

-- Further words of the record.
local function extras_of(job, conditions)
  local extras, account = {}, conditions ~= 0 and earlier_account()
  if account then append(extras, 'account', account) end
  for _, name in ipairs(EXTRAS) do
    if job[name] then append(extras, name, job[name]) end
  end
  return extras
end

local function admit_with(extras, id, record_key, fields, conditions, enqueued_at)
  local all = { unpack(fields) }
  for _, word in ipairs(extras) do all[#all + 1] = word end
  redis.call('HSET', record_key, unpack(all))
  if conditions ~= 0 then return add_claim({ 'order_id', id, 'enqueued_at', enqueued_at, unpack(all) }) end
  local n = #fields
  add_claim({
    'order_id', id, 'enqueued_at', enqueued_at, 'product_id', fields[n - 2], 'quantity', fields[n], unpack(extras),
  })
end

local function admit(id, record_key, product_id, quantity, conditions, job, entry_id)
  local fields, state = admission(conditions)
  local n, enqueued_at = #fields, entry_id:match('^%d+')
  fields[n - 2], fields[n] = product_id, quantity
  if job or conditions ~= 0 then
    admit_with(extras_of(job or {}, conditions), id, record_key, fields, conditions, enqueued_at)
  else
    redis.call('HSET', record_key, unpack(fields))
    add_new(id, product_id, quantity, enqueued_at)
  end
  note_state(id, nil, state)
  append(scheduled, lease_ends, id)
  append(opened, at, id)
end

local function schedule_admitted()
  if #opened == 0 then return end
  redis.call('ZADD', key_schedule, unpack(scheduled))
  redis.call('ZADD', key_open, unpack(opened))
end
