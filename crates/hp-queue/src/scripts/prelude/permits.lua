-- Whether calls to HitPoints may be made now: pause, breaker and rate.
-- needs: clock, answer, throttle
-- keys: paused, breaker, rate, rate_of_runs, throttle
-- arguments: longest_probe, call_interval
--            rate_share  "1", or a number of which one part of the rate is for reconciliation runs, if this is one
-- offers: permits(n)      how many of `n` calls may be made; if none, it reports `paused` or `wait`
--         use_permits(n)  counts calls for the rate
--         is_rate_used_up()  whether only the rate permits no call
--         is_breaker_open, report_breaker()

local breaker = redis.call('HMGET', key_breaker, 'until', 'since')
local is_breaker_open = breaker[1] ~= false

-- The rate of all calls and, for a reconciliation run, the share of runs: { key, interval, free_from }, times in
-- microseconds.
local rates = {}

if call_interval() > 0 then
  rates[1] = { key_rate, call_interval() }
  if arg_rate_share ~= '1' then rates[2] = { key_rate_of_runs, call_interval() * arg_rate_share } end
end

local rate_wait

local function report_wait(ms) report('wait', text(ms)) end

-- Adds `breaker_open_since` to the answer if the breaker is open.
local function report_breaker() report('breaker_open_since', breaker[2]) end

-- Calls are spread evenly. After an idle time a tenth of a second's worth may leave at once. Permits come from the past
-- only: a rate that is used up to a future time shows that the clock was set back.
local function permits_by_rate(n)
  if throttled_for() > 0 then
    rate_wait, n = throttled_for(), 0
    report('throttled_until', throttle[1])
  end
  for _, rate in ipairs(rates) do
    local interval, used_up_to = rate[2], tonumber(redis.call('GET', rate[1]) or 0)
    local free_from = now_us - math.max(interval, 100000)
    if used_up_to <= now_us then free_from = math.max(used_up_to, free_from) end
    rate[3] = free_from
    local free = math.floor((now_us - free_from) / interval)
    if free <= 0 then
      local wait = math.max(math.ceil((free_from + interval - now_us) / 1000), 1)
      rate_wait = math.max(rate_wait or 0, wait)
    end
    n = math.min(n, free)
  end
  return math.max(n, 0)
end

-- Also while a front end asks for a pause.
local function is_rate_used_up() return rate_wait ~= nil end

local function permits(n)
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
  if rate_wait then report_wait(rate_wait) end
  return n
end

local function use_permits(n)
  if n == 0 then return end
  for _, rate in ipairs(rates) do
    local interval, used_up_to = rate[2], rate[3] + n * rate[2]
    -- The key lives until the rate is certainly free again; an interval may be hours long.
    local kept = math.max(used_up_to + interval - now_us, 0) / 1000 + 10000
    redis.call('SET', rate[1], text(used_up_to), 'PX', text(kept))
  end
end

