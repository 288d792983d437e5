-- The present epoch, stored in Redis.
-- needs: clock, epoch, answer
-- keys: epoch
-- offers: epoch, report_epoch()
--         longest_wait(by_rules)
--         settling_time(wait)  for how long the clock is not yet trusted, ms, if it is after this time; zero or less: it is

local epoch, is_epoch_changed = observe_epoch()

if is_epoch_changed then
  local function optional(number) return number and text(number) or '' end
  redis.call('HSET', key_epoch, 'server', epoch.server, 'id', epoch.id, 'since', text(epoch.since),
    'boundary', epoch.boundary, 'claims', text(epoch.claims), 'claims_before', text(epoch.claims_before),
    'before', epoch.before, 'promoted', epoch.promoted, 'closed', epoch.closed, 'steady', text(epoch.steady),
    'wall', text(epoch.wall), 'unattended_since', optional(epoch.unattended_since),
    'stepped_at', optional(epoch.stepped_at), 'moved_at', optional(epoch.moved_at),
    'set_back_from', optional(epoch.set_back_from))
end

-- Leases may seem to be over because the clock was set. Within a lease living workers renew theirs.
local function settling_time(wait) return epoch.stepped_at and epoch.stepped_at + wait - epoch.steady or 0 end

-- The longest time for which an order can wait, if its rules allow `by_rules`. Before a lease ends, nobody else claims its
-- order; so the bound is wide, unless the clock is known to have been set back.
local function longest_wait(by_rules)
  return now < (epoch.set_back_from or 0) and by_rules or math.max(by_rules, LONGEST_LEASE)
end

-- Adds to the answer what the caller needs for its watermark.
local function report_epoch()
  report('now', at)
  report('epoch', epoch.id)
  report('epoch_since', text(epoch.since))
  report('epoch_promoted', epoch.promoted == '1' and '1')
  report('steady', text(epoch.steady))
  report('clock_step', epoch.is_stepped and text(now - arg_expected_now))
  report('claims_so_far', text(epoch.claims))
end

