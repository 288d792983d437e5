-- Which life of Redis this is, what Redis may have forgotten, and how much time has passed for certain. Changes nothing.
-- needs: clock, server
-- keys: jobs, epoch, workers
-- arguments: known_epoch, known_claim, vouched_time, expected_now (the caller's watermark; "" and 0 if it has none),
--            resubmit_after, old_master (for how long an old master may give out claims, ms)
-- offers: observe_epoch() -> epoch, whether it differs from what Redis has stored
--
-- A restart or the promotion of a replica may lose the last writes, and begins a new epoch. An order that was claimed in an
-- earlier epoch may have been submitted, though its record does not say so.
--
-- epoch: server        the server of this epoch
--        id            its run and the time, with the mark `!` if writes are known to be lost: then all earlier claims count
--                      as claims of an earlier epoch, too
--        since         when it began, in steady time; 0: the queue is new, and nothing can be forgotten
--        promoted      "1" if it began with the promotion of a replica: the old master may still accept writes
--        boundary      a position in the inbox: entries up to it may repeat an order that Redis has forgotten
--        closed        "1" if later entries cannot; "": any entry may
--        claims        the number of claims
--        claims_before the same when it began
--        before        the id of the epoch before, without the mark
--        steady        the steady time: it starts at the time by the clock. While workers live, only their monotonic clocks
--                      move it on. So a clock that is set can only make it slower
--        wall          the time by the clock when `steady` was moved on
--        unattended_since
--                      the time by the clock when a caller first found that nobody had called for long, though a worker is
--                      registered
--        stepped_at    the steady time when a caller last noticed that the clock was set
--        moved_at      the same, or when the clock had moved on without calls
--        set_back_from the time by the clock when it was set back. Until it is reached again, stored times may be too late

-- A caller that waited longer than this for Redis takes a slow call for a step of the clock.
local MAX_DEVIATION = 5000
-- Steady time is stored this often, or with another change.
local STORE_INTERVAL = 500

-- Whether the time by the clock counts, because no living worker can vouch for another time. A registered worker may have
-- died: it then does not call for a while, and nobody contradicts the clock.
local function is_nobody_there(epoch, has_paused)
  if redis.call('EXISTS', key_workers) == 0 then return true end
  if not has_paused then return false end
  local since = epoch.unattended_since
  epoch.unattended_since = since or now
  return since ~= nil and now - since > LONGEST_GAP
end

-- Moves the steady time on. Returns whether the epoch must be stored.
local function move_on(epoch, passed)
  local before, limit = epoch.steady, (epoch.steady or now) + math.max(passed, 0)
  local has_paused, was_unattended = passed > LONGEST_GAP, epoch.unattended_since
  local is_known = arg_vouched_time ~= '0' and not has_paused or epoch.is_stepped
  epoch.steady = before or now
  if is_known then
    epoch.steady, epoch.unattended_since = math.max(epoch.steady, math.min(tonumber(arg_vouched_time), limit)), nil
  elseif is_nobody_there(epoch, has_paused) then
    epoch.steady, epoch.unattended_since = limit, nil
  elseif before then
    return epoch.unattended_since ~= was_unattended
  end
  epoch.wall = now
  return not before or was_unattended or math.abs(passed) >= STORE_INTERVAL
end

-- Adds the time to an epoch. Returns whether it must be stored.
local function observe_time(epoch)
  local passed = now - (epoch.wall or now)
  epoch.is_stepped = arg_expected_now ~= '0' and math.abs(now - arg_expected_now) > MAX_DEVIATION
  local is_changed = move_on(epoch, passed)
  if epoch.is_stepped then
    epoch.stepped_at = epoch.steady
    local expected = tonumber(arg_expected_now)
    if expected > now then epoch.set_back_from = math.max(epoch.set_back_from or 0, expected) end
  end
  -- After the steady time has moved on: results are trimmed only a while after it.
  if epoch.is_stepped or math.abs(passed) > LONGEST_GAP then epoch.moved_at = epoch.steady end
  return is_changed or epoch.is_stepped
end

local function read_epoch()
  local known = redis.call('HMGET', key_epoch, 'server', 'id', 'since', 'boundary', 'claims', 'claims_before', 'before',
    'promoted', 'closed', 'steady', 'wall', 'unattended_since', 'stepped_at', 'moved_at', 'set_back_from')
  local function number(i) return tonumber(known[i] or nil) end
  return {
    server = known[1], id = known[2], since = number(3) or 0, boundary = known[4], claims = number(5) or 0,
    claims_before = number(6) or 0, before = known[7] or '', promoted = known[8] or '', closed = known[9] or '',
    steady = number(10), wall = number(11), unattended_since = number(12), stepped_at = number(13), moved_at = number(14),
    set_back_from = number(15),
  }
end

-- Begins, marks or closes an epoch, if that is due. Returns as observe_epoch.
local function revised(epoch, server, is_changed)
  -- here: new_epoch
  if epoch.server ~= server then epoch, is_changed = begin_epoch(server, epoch), true end
  is_changed = close_if_over(epoch) or is_changed
  if is_marked(epoch.id) or not is_proof_of_loss(epoch) then return epoch, is_changed end
  -- The mark counts as a claim, so that a worker that knows it notices if Redis forgets the mark, too.
  epoch.id, epoch.claims = epoch.id .. '!', epoch.claims + 1
  -- A worker without a watermark assumed that the queue was new: its doubt begins here.
  if epoch.since == 0 then epoch.since, epoch.boundary, epoch.closed = epoch.steady, newest_entry(), '' end
  return epoch, true
end

-- Most callers know the epoch, and nothing is left to find out about it.
local function is_settled(epoch, server)
  return epoch.server == server and epoch.id == arg_known_epoch and (epoch.since == 0 or epoch.closed == '1')
end

local function observe_epoch()
  local server, epoch = server_id(), read_epoch()
  local is_changed = observe_time(epoch)
  if is_settled(epoch, server) then return epoch, is_changed end
  return revised(epoch, server, is_changed)
end
