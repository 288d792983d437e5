-- Which results are old enough to be trimmed.
-- needs: clock
-- keys: epoch
-- arguments: results_retention
-- offers: trim_before()  results before this time may be trimmed, Unix ms as text

-- No result goes because the clock has just moved: it may be set back. Steady time counts, because it does not jump.
local QUIET_TIME = 3600000

local function is_clock_quiet()
  local known = redis.call('HMGET', key_epoch, 'wall', 'steady', 'moved_at')
  if known[1] and math.abs(now - known[1]) > LONGEST_GAP then return false end
  local moved_at = tonumber(known[3] or nil)
  return not moved_at or known[2] - moved_at >= math.min(QUIET_TIME, tonumber(arg_results_retention))
end

local oldest_kept

local function trim_before()
  oldest_kept = oldest_kept or is_clock_quiet() and text(math.max(now - arg_results_retention, 0)) or '0'
  return oldest_kept
end

