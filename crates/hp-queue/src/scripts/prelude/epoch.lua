-- Which life of Redis this is, and what Redis may have forgotten. Changes nothing.
-- needs: clock, server
-- keys: jobs, epoch
-- arguments: known_epoch, known_claim (the caller's watermark, or "" and 0), resubmit_after
-- offers: observe_epoch() -> epoch, whether it differs from what Redis has stored
--
-- A restart or the promotion of a replica may lose the last writes, and begins a new epoch. An order that was claimed in an
-- earlier epoch may have been submitted, though its record does not say so.
--
-- epoch: server        the server of this epoch
--        id            server and time, with the mark `!` if writes are known to be lost: then all earlier claims count
--                      as claims of an earlier epoch, too
--        since         when it began, Unix ms; 0: the queue is new, and nothing can be forgotten
--        boundary      the newest entry of the inbox at that time
--        claims        the number of claims
--        claims_before the same when it began
--        before        the id of the epoch before, without the mark

local function newest_entry()
  local newest = redis.call('XREVRANGE', key_jobs, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1] or '0-0'
end

local function without_mark(id) return id:match('^[^!]*') end

local function is_marked(id) return id:sub(-1) == '!' end

local function begin_epoch(server, was)
  local is_new_queue = not was.server and arg_known_epoch == ''
  -- A worker knows the queue, and all of it is gone, as after FLUSHALL. Or this is a second restart while the doubt of the
  -- first one lasts: it must not shorten that doubt.
  local is_lost = not was.server and tonumber(arg_known_claim) > 0
    or was.since > 0 and now < was.since + arg_resubmit_after
  return {
    server = server, id = server .. '@' .. at .. (is_lost and '!' or ''), since = is_new_queue and 0 or now,
    boundary = newest_entry(), claims = was.claims, claims_before = was.claims, before = was.id and without_mark(was.id),
  }
end

-- Whether the caller knows a claim that Redis does not. The numbers go on from the epoch before. Redis has forgotten all
-- claims of an epoch that it does not know.
local function is_proof_of_loss(epoch)
  local name = without_mark(arg_known_epoch)
  if name == epoch.id then return false end
  return tonumber(arg_known_claim) > (name == epoch.before and epoch.claims_before or 0)
end

local function observe_epoch()
  local server, is_changed = server_id(), false
  local known = redis.call('HMGET', key_epoch, 'server', 'id', 'since', 'boundary', 'claims', 'claims_before', 'before')
  local epoch = {
    server = known[1], id = known[2], since = tonumber(known[3] or 0), boundary = known[4],
    claims = tonumber(known[5] or 0), claims_before = tonumber(known[6] or 0), before = known[7],
  }
  if epoch.server ~= server then epoch, is_changed = begin_epoch(server, epoch), true end
  if is_marked(epoch.id) or not is_proof_of_loss(epoch) then return epoch, is_changed end
  -- The mark counts as a claim, so that a worker that knows it notices if Redis forgets the mark, too.
  epoch.id, epoch.claims = epoch.id .. '!', epoch.claims + 1
  -- A worker without a watermark assumed that the queue was new: its doubt begins here.
  if epoch.since == 0 then epoch.since, epoch.boundary = now, newest_entry() end
  return epoch, true
end

