-- Whether calls to HitPoints may be made now: account, protocol, pause, breaker and rate.
-- needs: clock, answer
-- keys: queue, paused, breaker, rate
-- arguments: account, protocol, longest_probe, call_interval
-- offers: permits(n)      how many of `n` calls may be made; if none, it reports `paused`, `wait`, or what the fence found
--         use_permits(n)  counts calls for the rate
--         is_breaker_open, report_breaker()

local breaker = redis.call('HMGET', key_breaker, 'until', 'since')
local is_breaker_open = breaker[1] ~= false

local call_interval, free_from = tonumber(arg_call_interval), nil

local function report_wait(ms) report('wait', text(ms)) end

-- Adds `breaker_open_since` to the answer if the breaker is open.
local function report_breaker() report('breaker_open_since', breaker[2]) end

-- Calls are spread evenly. After an idle time a tenth of a second's worth may leave at once. Permits come from the past
-- only: a rate that is used up to a future time shows that the clock was set back.
local function permits_by_rate(n)
  if call_interval == 0 then return n end
  local used_up_to = tonumber(redis.call('GET', key_rate) or 0)
  free_from = now_us - math.max(call_interval, 100000)
  if used_up_to <= now_us then free_from = math.max(used_up_to, free_from) end
  return math.min(n, math.floor((now_us - free_from) / call_interval))
end

-- The fence: a worker may run on while the account of the queue is switched, or while newer workers start.
local function is_fenced()
  local known = redis.call('HMGET', key_queue, 'account', 'protocol')
  if known[1] and known[1] ~= arg_account then
    report('other_account', known[1])
    return true
  end
  if (tonumber(known[2] or 0) or math.huge) <= tonumber(arg_protocol) then return false end
  report('newer_protocol', known[2])
  return true
end

local function permits(n)
  if is_fenced() then return 0 end
  if redis.call('EXISTS', key_paused) == 1 then
    local reason = redis.call('HGET', key_paused, 'reason')
    report('paused', reason and reason ~= '' and reason or 'no reason given')
    return 0
  end
  if is_breaker_open then
    -- A wait that is longer than any the breaker sets shows that the clock was set back.
    local left = breaker[1] - now
    if left > 0 and left <= tonumber(arg_longest_probe) then
      report_wait(left)
      return 0
    end
    n = math.min(n, 1)
  end
  n = permits_by_rate(n)
  if n <= 0 and free_from then
    report_wait(math.max(math.ceil((free_from + call_interval - now_us) / 1000), 1))
  end
  return math.max(n, 0)
end

local function use_permits(n)
  if not free_from or n == 0 then return end
  local used_up_to = free_from + n * call_interval
  -- The key lives until the rate is certainly free again; an interval may be hours long.
  local kept = math.max(used_up_to + call_interval - now_us, 0) / 1000 + 10000
  redis.call('SET', key_rate, text(used_up_to), 'PX', text(kept))
end

