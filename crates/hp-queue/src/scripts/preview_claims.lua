-- Reads the records of orders, and what a claim by name would find. Changes nothing.
-- needs: clock, record, snapshot, epoch, answer
-- flags: no-writes
--
-- values: ids
-- answers by name:
--   now                 Unix ms
--   orders              a list with the fields of each order that has a record, and with
--                         is_older_epoch         if its last claim is from an earlier epoch
--                         has_claimant_vanished  if its last claimant never settled
--   epoch, epoch_since, epoch_promoted, steady
--                       as the claim would find them

local epoch, orders = observe_epoch(), {}
for i = FIRST_VALUE, #ARGV do
  local order, record = snapshot(ARGV[i])
  if order then
    if epoch.since > 0 and record.epoch ~= epoch.id then append(order, 'is_older_epoch', '1') end
    if record.settled ~= record.claim then append(order, 'has_claimant_vanished', '1') end
    orders[#orders + 1] = order
  end
end
report('now', at)
report('orders', orders)
report('epoch', epoch.id)
report('epoch_since', text(epoch.since))
report('epoch_promoted', epoch.promoted == '1' and '1')
report('steady', text(epoch.steady))
return answer
