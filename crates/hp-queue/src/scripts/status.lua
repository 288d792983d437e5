-- Reads the status of a queue. Changes nothing.
-- needs: clock, answer, inbox_count, throttle
-- flags: no-writes
--
-- arguments: call_interval  0: only what a front end wants counts
-- answers by name:
--   now                                        Unix ms
--   new, scheduled, open, review, rejected     how many entries and orders
--   lost, lost_at                              how many entries have left the inbox before a worker took them, and when the
--                                              last of them was missed, Unix ms
--   added                                      how many entries were ever added to the inbox; absent if Redis does not count
--   queued, uncertain, waiting, in_review       how many orders the sets of open orders by state have
--   oldest                                     { the open order that was admitted first, when (Unix ms) }
--   faults                                     { worker, reason, since, ... } of the workers that claim no orders
--   held                                       { scope, how many orders it holds, ... }: the first hundred scopes
--   throttle                                   { name, value, ... }
--   notifier                                   { name, value, ... } of the notifications, without their cursor
--   paused, breaker, holds, workers, last_run  { name, value, ... }; a worker's value is the time until which it counts
--                                              as alive; last_run is the report of the last reconciliation run

local last_run = redis.call('XREVRANGE', key_runs, '+', '-', 'COUNT', 1)[1]
local held = {}
for _, scope in ipairs(redis.call('ZRANGE', key_held, 0, 99)) do
  held[#held + 1], held[#held + 2] = scope, text(redis.call('ZCARD', key_held .. ':' .. scope))
end
report('now', at)
report('new', text(redis.call('XLEN', key_jobs)))
report('scheduled', text(redis.call('ZCARD', key_schedule)))
report('open', text(redis.call('ZCARD', key_open)))
-- Orders in review are at the end of the schedule.
report('review', text(redis.call('ZCOUNT', key_schedule, '+inf', '+inf')))
for state, name in pairs({ queued = 'queued', uncertain = 'uncertain', waiting = 'waiting', review = 'in_review' }) do
  report(name, text(redis.call('SCARD', key_states .. ':' .. state)))
end
report('rejected', text(redis.call('XLEN', key_rejected)))
local inbox = observe_inbox()
if inbox then
  if inbox.added then report('added', text(inbox.added)) end
  report('lost', text(inbox.lost + inbox.missing))
  report('lost_at', inbox.missing > 0 and at or inbox.lost_at)
end
report('oldest', redis.call('ZRANGE', key_open, 0, 0, 'WITHSCORES'))
report('paused', redis.call('HGETALL', key_paused))
report('breaker', redis.call('HGETALL', key_breaker))
local wanted = redis.call('HGETALL', key_throttle)
if #wanted > 0 then wanted[#wanted + 1], wanted[#wanted + 2] = 'interval', text(call_interval()) end
report('throttle', wanted)
report('holds', redis.call('HGETALL', key_holds))
report('held', held)

local workers, faults = redis.call('ZRANGEBYSCORE', key_workers, at, text(now + LONGEST_LEASE), 'WITHSCORES'), {}
for i = 1, #workers, 2 do
  local own = redis.call('HMGET', key_workers .. ':' .. workers[i], 'fault', 'since')
  if own[1] then
    for _, value in ipairs({ workers[i], own[1], own[2] or at }) do faults[#faults + 1] = value end
  end
end
report('workers', workers)
report('faults', faults)
report('last_run', last_run and last_run[2])
local fields = { 'delivered', 'undelivered', 'failure', 'failing_since' }
local notified, notifier = redis.call('HMGET', key_notifier, unpack(fields)), {}
for i, value in ipairs(notified) do notifier[#notifier + 1], notifier[#notifier + 2] = fields[i], value or '' end
report('notifier', notifier)
return answer
