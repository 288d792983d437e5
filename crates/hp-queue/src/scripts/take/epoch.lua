-- What Redis may have forgotten.

-- A restart, or the promotion of a replica, may lose the last writes, and begins a new epoch. What is older than its
-- beginning may be older than the truth: sent already, though it does not say so. The epoch's id is the server's and the
-- time it began, with a mark where writes are known to be lost: to learn that makes all earlier claims older, too.
local function newest_entry()
  local newest = redis.call('XREVRANGE', jobs, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1] or '0-0'
end

-- Without the mark.
local function name_of(id) return id:match('^[^!]*') end

local function begin_epoch(server, was)
  local is_new_queue = not was.server and known_epoch == ''
  -- All of it is gone that a worker knows of, as by FLUSHALL. Or a second restart, while the doubt of the first goes on:
  -- it may not shorten it.
  local is_lost = not was.server and known_take > 0 or was.since > 0 and now < was.since + on_its_way
  local begun = {
    server = server, id = server .. '@' .. at .. (is_lost and '!' or ''), since = is_new_queue and 0 or now,
    boundary = newest_entry(), taken = was.taken, taken_before = was.taken, before = was.id and name_of(was.id),
  }
  redis.call('HSET', epochs, 'server', server, 'id', begun.id, 'since', text(begun.since), 'boundary', begun.boundary,
    'taken', text(begun.taken), 'taken_before', text(begun.taken), 'before', begun.before or '')
  return begun
end

local function is_marked(id) return id:sub(-1) == '!' end

-- Whether the worker remembers a take that Redis does not. The numbers go on from the epoch before; of any other that
-- Redis does not know, all takes are forgotten.
local function is_proof_of_loss(epoch)
  local name = name_of(known_epoch)
  if name == epoch.id then return false end
  return known_take > (name == epoch.before and epoch.taken_before or 0)
end

local function current_epoch()
  local server = server_id()
  local known = redis.call('HMGET', epochs, 'server', 'id', 'since', 'boundary', 'taken', 'taken_before', 'before')
  local epoch = {
    server = known[1], id = known[2], since = tonumber(known[3] or 0), boundary = known[4],
    taken = tonumber(known[5] or 0), taken_before = tonumber(known[6] or 0), before = known[7],
  }
  if epoch.server ~= server then epoch = begin_epoch(server, epoch) end
  if is_marked(epoch.id) or not is_proof_of_loss(epoch) then return epoch end
  -- The mark counts as a take, so that whoever knows of it can tell if it is forgotten in its turn. And where a worker
  -- without memory had taken the queue for a new one, its doubt begins here.
  epoch.id, epoch.taken = epoch.id .. '!', redis.call('HINCRBY', epochs, 'taken', 1)
  if epoch.since == 0 then epoch.since, epoch.boundary = now, newest_entry() end
  redis.call('HSET', epochs, 'id', epoch.id, 'since', text(epoch.since), 'boundary', epoch.boundary)
  return epoch
end

local function is_up_to(entry_id, boundary)
  local ms, number = entry_id:match('^(%d+)%-(%d+)$')
  local boundary_ms, boundary_number = boundary:match('^(%d+)%-(%d+)$')
  if ms ~= boundary_ms then return tonumber(ms) < tonumber(boundary_ms) end
  return tonumber(number) <= tonumber(boundary_number)
end

local epoch = current_epoch()

-- Whether a new order may be one that was sent already and then forgotten: its entry is back in the inbox, or a shop
-- that waited in vain has repeated it.
local function may_be_forgotten(entry_id)
  -- What counts is when it was put in: it may have waited in the inbox for long.
  local put_in = math.min(now, tonumber(entry_id:match('^%d+')))
  return epoch.since > 0 and (put_in < epoch.since + on_its_way or is_up_to(entry_id, epoch.boundary))
end

-- So long after a restart every living worker has shown what it remembers, which it does every two seconds.
local SHOWN = 15000

-- Until when a forgotten request may still arrive. What was in doubt anyhow waits for as long as any request may be on its
-- way. What stands there as never sent waits only until somebody would have shown that writes are lost, if nobody has.
local function doubt_until(restarted_at, seems_unsent)
  local nobody_knows_better = tonumber(restarted_at) == epoch.since and not is_marked(epoch.id)
  local is_short = seems_unsent and nobody_knows_better
  return text(restarted_at + (is_short and math.min(math.max(lease, SHOWN), on_its_way) or on_its_way))
end

