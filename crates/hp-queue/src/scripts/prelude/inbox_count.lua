-- Counts lost entries: they left the inbox before a worker took them, because another program has trimmed or deleted them.
-- needs: clock, record
-- keys: jobs, epoch, inbox
-- offers: observe_inbox() -> inbox, or nil if the server does not count (before Redis 7). Changes nothing
--           inbox.missing        how many are lost since the last claim
--           inbox.lost, lost_at  how many were lost before, and when a claim last missed some (Unix ms as text)
--         store_inbox(inbox, last_entry)  stores the count for the next claim, after this claim has taken the entries up to
--                                         `last_entry`, if any. Returns whether Redis accepts it
--
-- key_inbox: added    how many entries were ever added to the stream, when the last claim looked
--            left     how many of them this claim has left there
--            deleted  the largest id that was ever deleted from the stream
--            lost, lost_at
--
-- What the last claim has left, and what was added since, must be in the inbox. The count misses only entries that came
-- after a claim and went together with the whole stream before the next one.

local function stream_counts()
  if redis.call('EXISTS', key_jobs) == 0 then return 0, '0-0' end
  local info = as_map(redis.call('XINFO', 'STREAM', key_jobs))
  return info['entries-added'], info['max-deleted-entry-id']
end

-- What workers have taken from a queue that is older than this count is unknown.
local function is_new_queue() return tonumber(redis.call('HGET', key_epoch, 'claims') or 0) == 0 end

-- A claim deletes the last entry that it takes. So a stream from which nothing was ever deleted is another one.
local function is_same_stream(inbox)
  return inbox.added >= inbox.added_before and (inbox.deleted_before == '0-0' or inbox.deleted ~= '0-0')
end

local function count_missing(inbox)
  local expected = inbox.left + inbox.added - inbox.added_before
  if is_same_stream(inbox) and expected >= inbox.length then return expected - inbox.length end
  return inbox.left + inbox.added - inbox.length
end

local function observe_inbox()
  local added, deleted = stream_counts()
  if not added then return nil end
  local known = as_map(redis.call('HGETALL', key_inbox))
  local inbox = {
    added = added, deleted = deleted, length = redis.call('XLEN', key_jobs), missing = 0, is_known = known.left ~= nil,
    added_before = tonumber(known.added) or 0, left = tonumber(known.left) or 0, deleted_before = known.deleted or '0-0',
    lost = tonumber(known.lost) or 0, lost_at = known.lost_at,
  }
  if inbox.is_known or is_new_queue() then inbox.missing = count_missing(inbox) end
  return inbox
end

local function store_inbox(inbox, last_entry)
  local left = redis.call('XLEN', key_jobs)
  local is_same = inbox.is_known and inbox.added == inbox.added_before and left == inbox.left
  if is_same and inbox.missing == 0 then return true end
  local fields = { 'added', text(inbox.added), 'left', text(left), 'deleted', last_entry or inbox.deleted }
  if inbox.missing > 0 then
    append(fields, 'lost', text(inbox.lost + inbox.missing))
    append(fields, 'lost_at', at)
  end
  -- A full Redis refuses the command if this script has written nothing before.
  return type(redis.pcall('HSET', key_inbox, unpack(fields))) == 'number'
end

