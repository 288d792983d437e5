-- Orders that wait for a balance. They are in no schedule, and nothing touches them until their hold is over or lifted, or
-- until their own time limit.
-- needs: clock
-- keys: schedule, held, holds
-- offers: hold_order(id, scope, return_at)
--         is_held(id, scope)
--         release_order(id, scope)    takes an order out of its hold; the caller schedules it
--         return_held(limit, pause, longest)
--                                     brings up to `limit` orders back into the schedule that need not wait any more.
--                                     `pause`: the time between two tests of a balance. `longest`: the longest time for
--                                     which a hold may last. Both in ms
--         next_return()               when a hold must be looked at again, Unix ms, if an order is held
--
-- key_held lists the scopes that hold orders, by the time at which a claim must look at them. key_held:<scope> lists the
-- orders, by the time at which each must return in any case. A scope that is no longer among key_holds is lifted.

-- The most scopes that one call looks at.
local SCOPES_OF_A_CALL = 8

local function orders_key(scope) return key_held .. ':' .. scope end

local function hold_end(scope) return tonumber(redis.call('HGET', key_holds, scope) or nil) end

-- The order is in its hold before it leaves the schedule.
local function hold_order(id, scope, return_at)
  redis.call('ZADD', orders_key(scope), text(return_at), id)
  redis.call('ZADD', key_held, 'LT', text(math.min(hold_end(scope) or now, return_at)), scope)
  redis.call('ZREM', key_schedule, id)
end

local function is_held(id, scope) return redis.call('ZSCORE', orders_key(scope), id) ~= false end

local function release_order(id, scope) redis.call('ZREM', orders_key(scope), id) end

local function schedule_now(scope, ids)
  if #ids == 0 then return 0 end
  local due = {}
  for _, id in ipairs(ids) do due[#due + 1], due[#due + 2] = at, id end
  redis.call('ZADD', key_schedule, unpack(due))
  redis.call('ZREM', orders_key(scope), unpack(ids))
  return #ids
end

-- Returns how many orders have returned, and when the scope must be looked at again at the latest.
local function return_from(scope, limit, pause, longest)
  local orders, ends = orders_key(scope), hold_end(scope)
  local last = ends and at or '+inf'
  local returned = schedule_now(scope, redis.call('ZRANGEBYSCORE', orders, '-inf', last, 'LIMIT', 0, limit))
  if not ends then return returned, now end
  if is_ahead(ends, longest) then return returned, ends end
  if returned == limit then return returned, now end
  -- The hold is over: one order tests whether the balance suffices again, and the others wait for its outcome.
  return returned + schedule_now(scope, { redis.call('ZRANDMEMBER', orders) or nil }), now + pause
end

local function look_at_scope(scope, limit, pause, longest)
  local returned, look_at = return_from(scope, limit, pause, longest)
  local first = redis.call('ZRANGE', orders_key(scope), 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZADD', key_held, text(math.min(look_at, first[2])), scope)
  else
    redis.call('ZREM', key_held, scope)
  end
  return returned
end

local function return_held(limit, pause, longest)
  local scopes = redis.call('ZRANGEBYSCORE', key_held, '-inf', at, 'LIMIT', 0, SCOPES_OF_A_CALL)
  -- A time that is further ahead than any hold lasts was stored before the clock was set back.
  local too_late = '(' .. text(now + longest)
  local late = redis.call('ZRANGEBYSCORE', key_held, too_late, '+inf', 'LIMIT', 0, SCOPES_OF_A_CALL - #scopes)
  for _, list in ipairs({ scopes, late }) do
    for _, scope in ipairs(list) do
      if limit <= 0 then return end
      limit = limit - look_at_scope(scope, limit, pause, longest)
    end
  end
end

local function next_return() return tonumber(redis.call('ZRANGE', key_held, 0, 0, 'WITHSCORES')[2] or nil) end

