-- Acquires permits for up to `limit` calls that concern no claimed order.
-- needs: clock, permits, answer
--
-- answers by name: calls (how many may be made), and `paused`, `wait` and `breaker_open_since` as claim_batch

local calls = permits(tonumber(arg_limit))
if is_breaker_open and calls > 0 then
  -- While the breaker is open, only a claimed order may call HitPoints.
  calls = 0
  report_wait(1000)
end
use_permits(calls)
report('calls', text(calls))
report_breaker()
return answer
