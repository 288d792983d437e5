-- Acquires permits for up to `limit` calls besides the one for which an order was claimed.
-- needs: clock, fence, permits, answer
--
-- arguments: for_claim  "1": the calls belong to a claimed order, so pause and breaker permit them
-- answers by name: calls (how many may be made), and `paused`, `wait` and `breaker_open_since` as claim_batch

local function permits_for_claim(n)
  n = permits_by_rate(n)
  if rate_wait then report_wait(rate_wait) end
  return n
end

local is_for_claim = arg_for_claim == '1'
local calls = 0
if is_for_claim then
  calls = permits_for_claim(tonumber(arg_limit))
elseif not is_fenced() then
  calls = permits(tonumber(arg_limit))
end
if not is_for_claim and is_breaker_open and calls > 0 then
  -- While the breaker is open, only a claimed order may call HitPoints.
  calls = 0
  report_wait(1000)
end
use_permits(calls)
report('calls', text(calls))
report_breaker()
return answer
