-- Taking what is due, and what is named.

local function take_due(limit)
  if limit <= 0 then return false end
  local due = redis.call('ZRANGEBYSCORE', schedule, '-inf', at, 'LIMIT', 0, limit)
  for _, id in ipairs(due) do
    -- The lease goes first: where Redis refuses to write, it refuses here, before anything has changed.
    redis.call('ZADD', schedule, lease_ends, id)
    local ok, failure = pcall(reclaim, id)
    if not ok then claimed[#claimed + 1] = { 'order_id', id, 'state', in_words(failure) } end
  end
  return #due == limit
end

-- What is to be told of orders that are named: { id, word, ... }.
local FIRST_NAME, told = 11, {}
local ENDED = { completed = true, failed = true, rejected = true, expired = true }

local function tell(id, word) told[#told + 1], told[#told + 2] = id, word end

-- Whether its holder may still be at it.
local function is_in_hand(claim, settled, due_at)
  return claim ~= settled and due_at and due_at ~= 'inf' and tonumber(due_at) > now
end

-- Claims an order in whatever state it is, unless somebody is at it, and mends the indexes.
local function claim_named(id)
  local key = order_key(id)
  local was = redis.call('HMGET', key, 'state', 'claim', 'settled', 'result', 'accepted_at')
  local due_at, is_listed = redis.call('ZSCORE', schedule, id), redis.call('ZSCORE', open, id)
  if not was[1] then
    local gone = redis.call('ZREM', open, id) + redis.call('ZREM', schedule, id)
    return tell(id, gone > 0 and 'forgotten' or 'unknown')
  end
  if is_in_hand(was[2], was[3], due_at) then return tell(id, 'in_hand') end
  if ENDED[was[1]] then
    if was[4] and is_listed then tell(id, redis.call('ZREM', open, id) and 'unlisted') end
    if was[4] and redis.call('EXISTS', repetitions_key(id)) == 0 then
      redis.call('ZREM', schedule, id)
      return tell(id, 'ended')
    end
    if not was[4] then tell(id, 'without_result') end
  else
    if not is_listed then
      redis.call('ZADD', open, was[5] or at, id)
      tell(id, 'listed')
    end
    if not due_at then tell(id, 'scheduled') end
  end
  redis.call('ZADD', schedule, lease_ends, id)
  reclaim(id, true, due_at ~= 'inf' and due_at)
end

local function take_named()
  for i = FIRST_NAME, #ARGV do
    if #claimed >= n then return end
    local ok, failure = pcall(claim_named, ARGV[i])
    if not ok then tell(ARGV[i], 'unusable: ' .. in_words(failure)) end
  end
end
