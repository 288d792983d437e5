-- Gives the queue another account, all of it or nothing. Orders that may be charged on the old account stop it, or move to
-- review, where no process of the new account queries them.
-- needs: clock, keys, record, order_rules, answer, events, state_sets
--
-- arguments: old_account, account, by, why
--            mode      "refuse" or "move": what happens to orders that may be charged
--            evidence  their message in review
--            note      their line in the history
--            limit     the most orders that the answer names
-- answers by name:
--   is_switched  present if the account was switched. Nothing at all is answered if another process has switched it before
--   in_doubt     how many orders may be charged on the old account
--   orders       { id, state, ... }: the first of them

local old_account = redis.call('HGET', key_queue, 'account')
if old_account ~= arg_old_account then return answer end
local orders, in_doubt = {}, {}

for _, id in ipairs(redis.call('ZRANGE', key_open, 0, -1)) do
  local order = redis.call('HMGET', order_key(id), 'state', 'account', 'claim', 'cause', 'history')
  local state = order[1]
  if state and is_in_doubt(state) then
    in_doubt[#in_doubt + 1] = { id, order }
    if #in_doubt <= tonumber(arg_limit) then append(orders, id, state) end
  end
end

-- A worker that is processing the order may still settle it: the answer of the old account is the truth.
local function move(id, order)
  local state, account, claim, cause, history = unpack(order, 1, 5)
  local fields = { 'account', account or old_account, 'updated_at', at }
  if state ~= IN_REVIEW then
    local doubt = claim_rule(state, 0).cause or cause
    if doubt then append(fields, 'cause', doubt) end
    append(fields, 'state', IN_REVIEW)
    append(fields, 'message', arg_evidence)
    local line = (claim or 0) .. ' ' .. IN_REVIEW .. ' ' .. (doubt or '-') .. ' - ' .. arg_note .. ' ' .. at
    append(fields, 'history', history and history ~= '' and history .. '\n' .. line or line)
  end
  redis.call('HSET', order_key(id), unpack(fields))
  note_state(id, state, IN_REVIEW)
  redis.call('ZADD', key_schedule, '+inf', id)
  if state ~= IN_REVIEW then add_event('order.review', id, { from = state, message = arg_evidence }) end
end

report('in_doubt', text(#in_doubt))
report('orders', orders)
if #in_doubt > 0 and arg_mode ~= 'move' then return answer end

-- A read that fails must do so before the first change.
local breaker_since, holds = redis.call('HGET', key_breaker, 'since'), as_map(redis.call('HGETALL', key_holds))

for _, order in ipairs(in_doubt) do move(order[1], order[2]) end
store_states()
redis.call('HSET', key_queue, 'account', arg_account, 'previous_account', old_account, 'switched_at', at,
  'switched_steady', redis.call('HGET', key_epoch, 'steady') or at, 'switched_by', arg_by, 'switched_why', arg_why)
-- What was learned from the old account says nothing about the new one.
redis.call('DEL', key_charged, key_holds, key_breaker, key_products)
if breaker_since then add_event('vendor.reachable', nil, { account = arg_account }) end
for scope in pairs(holds) do add_event('balance.restored', nil, { scope = scope, account = arg_account }) end
-- Without a hold the orders that it held return with the next claims.
for _, scope in ipairs(redis.call('ZRANGE', key_held, 0, -1)) do redis.call('ZADD', key_held, at, scope) end
report('is_switched', '1')
return answer
