-- The present epoch, stored in Redis.
-- needs: clock, epoch, answer
-- keys: epoch
-- offers: epoch, report_epoch()

local epoch, is_epoch_changed = observe_epoch()

if is_epoch_changed then
  redis.call('HSET', key_epoch, 'server', epoch.server, 'id', epoch.id, 'since', text(epoch.since),
    'boundary', epoch.boundary, 'claims', text(epoch.claims), 'claims_before', text(epoch.claims_before),
    'before', epoch.before or '')
end

-- Adds `epoch`, `epoch_since` and `claims_so_far` to the answer.
local function report_epoch()
  report('epoch', epoch.id)
  report('epoch_since', text(epoch.since))
  report('claims_so_far', text(epoch.claims))
end

