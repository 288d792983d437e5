-- Claims up to `limit` orders: open orders that are due, and new ones from the inbox.
-- needs: clock, keys, record, order_rules, present_epoch, answer, claim, admit, inbox_count, take_inbox
--
-- arguments: first: "inbox" or "schedule", the source that goes first
-- answers by name:
--   now                 Unix ms
--   claims              the claimed orders: see prelude/claim.lua
--   took_entries        present if the call has taken entries from the inbox
--   more                present if another call would find something to do
--   next_due            without `more`: ms until the next open order is due or may return from its hold, if there is one
--   paused              the reason, if the queue is paused; nothing is claimed
--   wait                ms until orders may be claimed again, if breaker or rate allow none
--   breaker_open_since  Unix ms, if the breaker is open
--   lost                how many entries have left the inbox before a worker took them, since the last claim, if any
--   dropped             how many of the oldest dead letters the call has dropped, because there were too many, if any
--   replays             the results that were published again, if the caller wants to know it: see prelude/replay.lua
--   holds               { scope, Unix ms, ... }: until then a balance is known to be too low
--   epoch, epoch_since, epoch_promoted, steady, clock_step, claims_so_far: see prelude/epoch.lua. `clock_step` is by how many
--                       ms the clock was set since the caller's last call, if it was

local inbox = observe_inbox()

-- Each lost entry is reported once.
local function note_lost()
  if inbox and store_inbox(inbox, (entries_taken())) and inbox.missing > 0 then report('lost', text(inbox.missing)) end
end

local limit = claim_limit()
if limit == 0 then
  note_lost()
  return finish_claims()
end

check_types()

local function first_of(list) return tonumber(redis.call('ZRANGE', list, 0, 0, 'WITHSCORES')[2] or nil) or math.huge end

local function return_held_orders()
  -- here: held
  return_held(limit, tonumber(arg_balance_pause), longest_wait(tonumber(arg_balance_pause)))
  return next_return
end

local next_return = gate and return_held_orders()
local first_due, has_claimed_listed = first_of(key_schedule), false

local function claim_listed(ids)
  for _, id in ipairs(ids) do
    has_claimed_listed = true
    -- The lease goes first: if Redis refuses to write, it refuses before anything has changed.
    redis.call('ZADD', key_schedule, lease_ends, id)
    local ok, failure = pcall(claim_order, id)
    if not ok then add_claim({ 'order_id', id, 'state', message_of(failure) }) end
  end
end

-- Orders that are due. Returns whether there may be more.
local function claim_due(n)
  -- An entry that asks for a result again may have scheduled its order.
  if has_received() then first_due = first_of(key_schedule) end
  if n <= 0 or first_due > now then return first_due <= now end
  local due = redis.call('ZRANGEBYSCORE', key_schedule, '-inf', at, 'LIMIT', 0, n)
  claim_listed(due)
  return #due == n
end

-- An order that is due later than any wait ends is due, too: the clock was set back. Returns as claim_due.
local function claim_far(n)
  local too_late = '(' .. text(now + longest_wait(tonumber(arg_longest_delay)))
  local far = redis.call('ZRANGEBYSCORE', key_schedule, too_late, '(+inf', 'LIMIT', 0, n)
  claim_listed(far)
  return #far == n
end

local function trim_results()
  -- here: trim
  redis.call('XTRIM', key_results, 'MINID', '~', trim_before())
end

local has_more = false
for _, source in ipairs(arg_first == 'inbox' and { claim_inbox, claim_due } or { claim_due, claim_inbox }) do
  has_more = source(limit - claimed) or has_more
end

-- What need not happen in each call happens if there is time for it, and as often as steady time is stored.
local has_time = claimed == 0 or is_epoch_changed
if has_time and claimed < limit then has_more = claim_far(limit - claimed) or has_more end

store_states()

-- The script has changed nothing and cannot continue: the caller gets the reason.
local taken, stuck = entries_taken()
if stuck and taken == 0 and claimed == 0 then return redis.error_reply(message_of(stuck)) end

schedule_admitted()
remove_entries(inbox)
note_lost()
local dropped = bound_what_was_received()
report('dropped', dropped > 0 and text(dropped))

report('replays', replays_published())

local function report_letters(new)
  -- here: dead_letter_event
  report_dead_letters(new)
end

local new_letters = dead_letters_received()
if new_letters > 0 or inbox and inbox.unreported > 0 then pcall(report_letters, new_letters) end
if has_time then trim_results() end

report('took_entries', taken > 0 and '1')
-- While the breaker is open, only one order at a time is claimed.
local is_more = has_more and not (gate and gate.is_breaker_open and claimed > 0)
report('more', is_more and '1')

-- Orders in review are at the end of the schedule.
local function next_due()
  if has_claimed_listed or has_received() then first_due = first_of(key_schedule) end
  if has_admitted() then first_due = math.min(first_due, tonumber(lease_ends)) end
  local first = math.min(first_due, next_return and next_return() or math.huge)
  return first < math.huge and text(math.max(first - now, 0))
end

if not is_more then report('next_due', next_due()) end
return finish_claims()
