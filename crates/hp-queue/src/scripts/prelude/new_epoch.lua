-- The beginning and the end of the time in which Redis may have forgotten something. Changes nothing.
-- needs: clock, server, newest_entry
-- keys: jobs
-- arguments: known_epoch, known_claim, resubmit_after, old_master
-- offers: newest_entry(), is_marked(id)
--         begin_epoch(server, was) -> the epoch after `was`
--         is_proof_of_loss(epoch)  whether the caller knows a claim that Redis does not
--         close_if_over(epoch)     returns whether it has closed the epoch

local function newest_entry()
  local ok, newest = pcall(read_newest_entry)
  if ok then return newest ~= '' and newest or '0-0' end
  -- A script that may only read.
  local entry = redis.call('XREVRANGE', key_jobs, '+', '-', 'COUNT', 1)[1]
  return entry and entry[1] or '0-0'
end

local function without_mark(id) return id:match('^[^!]*') end

local function is_marked(id) return id:sub(-1) == '!' end

-- For how long after its beginning an epoch casts doubt on new orders.
local function doubt_time(epoch) return arg_resubmit_after + (epoch.promoted == '1' and arg_old_master or 0) end

local function begin_epoch(server, was)
  local is_new_queue = not was.server and arg_known_epoch == ''
  -- A worker knows the queue, and all of it is gone, as after FLUSHALL. Or this is a second restart while the doubt of the
  -- first one lasts: it must not shorten that doubt.
  local is_doubtful = was.since > 0 and was.steady < was.since + doubt_time(was)
  local is_lost = not was.server and tonumber(arg_known_claim) > 0 or is_doubtful
  local epoch = {}
  for name, value in pairs(was) do epoch[name] = value end
  epoch.server, epoch.id = server, run_of(server) .. '@' .. at .. (is_lost and '!' or '')
  epoch.since = is_new_queue and 0 or was.steady
  -- The old master does not know of a restart of the new one.
  local has_old_master = was.server and is_promoted(server) or is_doubtful and was.promoted == '1'
  epoch.promoted = has_old_master and '1' or ''
  epoch.boundary, epoch.closed = newest_entry(), ''
  epoch.claims_before, epoch.before = was.claims, was.id and without_mark(was.id) or ''
  return epoch
end

-- Whether the caller knows a claim that Redis does not. The numbers go on from the epoch before. Redis has forgotten all
-- claims of an epoch that it does not know.
local function is_proof_of_loss(epoch)
  local name = without_mark(arg_known_epoch)
  if name == epoch.id then return false end
  return tonumber(arg_known_claim) > (name == epoch.before and epoch.claims_before or 0)
end

-- A shop repeats a forgotten order within `resubmit_after`, and an old master may lose orders for a while. Workers call often
-- enough to notice the end of that time. Times in entry ids do not count, because producers may choose them; the order of
-- entries does.
local function close_if_over(epoch)
  if epoch.since == 0 or epoch.closed == '1' or epoch.steady < epoch.since + doubt_time(epoch) then return false end
  epoch.boundary, epoch.closed = newest_entry(), '1'
  return true
end
