-- Claiming an order that is open, or wanted again.

local claimed = {}

local function in_words(failure) return type(failure) == 'table' and failure.err or tostring(failure) end

local function order_key(id) return prefix .. ':order:' .. id end

local function hand_out(id, key, restarted_at, seems_unsent, repetition)
  local fields = redis.call('HGETALL', key)
  for name, value in pairs(repetition and cmsgpack.unpack(repetition) or {}) do
    fields[#fields + 1], fields[#fields + 2] = 'again_' .. name, value
  end
  if restarted_at then fields[#fields + 1], fields[#fields + 2] = 'doubt_until', doubt_until(restarted_at, seems_unsent) end
  claimed[#claimed + 1] = { 'order_id', id, unpack(fields) }
end

-- An order that is named may be asked about before its time: `due_at`, when it would have come due by itself.
local function reclaim(id, is_named, due_at)
  local key = order_key(id)
  local was = redis.call('HMGET', key, 'state', 'epoch', 'claim', 'settled', 'restarted_at', 'cause')
  local state, restarted_at, cause = was[1], was[5], was[6]
  if not state then return redis.call('ZREM', schedule, id) end
  if state == 'review' and not is_named then return redis.call('ZADD', schedule, '+inf', id) end
  local is_unsent, is_sent = state == 'queued' or state == 'waiting', state == 'submitting' or state == 'uncertain'
  local is_older = epoch.since > 0 and was[2] ~= epoch.id
  local has_ended = not is_unsent and not is_sent and state ~= 'review'
  local changes = { 'updated_at', at, 'epoch', epoch.id }
  local function change(field, value) changes[#changes + 1], changes[#changes + 2] = field, value end

  redis.call('HINCRBY', key, 'claim', 1)
  local stays_unsent = is_unsent and is_named and not is_older
  if is_unsent and not stays_unsent then redis.call('HINCRBY', key, 'attempts', 1) end
  if state == 'review' then
    if is_older then
      restarted_at = text(epoch.since)
      change('restarted_at', restarted_at)
    elseif was[4] ~= was[3] then
      redis.call('HINCRBY', key, 'crashes', 1)
    end
  elseif stays_unsent then
    restarted_at = nil
  elseif is_unsent and not is_older then
    change('state', 'submitting')
    change('submitted_at', at)
  elseif is_unsent or is_sent then
    redis.call('HINCRBY', key, 'checks', 1)
    change('state', 'uncertain')
    if is_unsent then cause = 'redis_restarted' end
    if state == 'submitting' then cause = 'worker_died' end
    if cause ~= was[6] then change('cause', cause) end
    if is_older then
      restarted_at = text(epoch.since)
      change('restarted_at', restarted_at)
    elseif is_sent and was[4] ~= was[3] then
      redis.call('HINCRBY', key, 'crashes', 1)
    end
  end
  redis.call('HSET', key, unpack(changes))
  hand_out(id, key, restarted_at, cause == 'redis_restarted', has_ended and redis.call('LINDEX', repetitions_key(id), 0))
  if due_at then
    local handed = claimed[#claimed]
    handed[#handed + 1], handed[#handed + 2] = 'due_at', due_at
  end
end
