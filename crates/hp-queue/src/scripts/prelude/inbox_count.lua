-- Counts lost entries: they left the inbox before a worker took them, because another program has trimmed or deleted them.
-- needs: clock, record
-- keys: jobs, epoch, inbox
-- offers: observe_inbox() -> inbox, or nil if the server does not count (before Redis 7). Changes nothing
--           inbox.missing        how many are lost since the last claim
--           inbox.lost, lost_at  how many were lost before, and when a claim last missed some (Unix ms as text)
--           inbox.length         how many entries there are
--           inbox.deleted        the largest id that was ever deleted from the stream with XDEL; 0-0: none
--         store_inbox(inbox, taken)  stores the count for the next claim, after this claim has taken so many entries.
--                                    Returns whether Redis accepts it
--
-- key_inbox: added    how many entries were ever added to the stream, when the last claim looked
--            left     how many of them this claim has left there
--            deleted  an id that was deleted from the stream, or 0-0
--            lost, lost_at
--
-- What the last claim has left, and what was added since, must be in the inbox. The count misses only entries that came
-- after a claim and went together with the whole stream before the next one.

-- The places in the answer of XINFO STREAM.
local ADDED, DELETED = 12, 10

-- Returns how many entries there are, how many were ever added, and the largest id that was deleted.
local function stream_counts()
  local info = redis.call('XINFO', 'STREAM', key_jobs)
  if info[ADDED - 1] == 'entries-added' and info[DELETED - 1] == 'max-deleted-entry-id' then
    return info[2], info[ADDED], info[DELETED]
  end
  info = as_map(info)
  return info.length, info['entries-added'], info['max-deleted-entry-id']
end

-- What workers have taken from a queue that is older than this count is unknown.
local function is_new_queue() return tonumber(redis.call('HGET', key_epoch, 'claims') or 0) == 0 end

-- A claim deletes an entry of each stream. So a stream from which nothing was ever deleted is another one.
local function is_same_stream(inbox)
  return inbox.added >= inbox.added_before and (inbox.deleted_before == '0-0' or inbox.deleted ~= '0-0')
end

local function count_missing(inbox)
  local expected = inbox.left + inbox.added - inbox.added_before
  if is_same_stream(inbox) and expected >= inbox.length then return expected - inbox.length end
  return inbox.left + inbox.added - inbox.length
end

local function observe_inbox()
  local length, added, deleted = 0, 0, '0-0'
  if redis.call('EXISTS', key_jobs) == 1 then length, added, deleted = stream_counts() end
  if not added then return nil end
  local known = redis.call('HMGET', key_inbox, 'added', 'left', 'deleted', 'lost', 'lost_at')
  local inbox = {
    length = length, added = added, deleted = deleted, missing = 0, is_known = known[2],
    added_before = tonumber(known[1] or nil) or 0, left = tonumber(known[2] or nil) or 0, deleted_before = known[3] or '0-0',
    lost = tonumber(known[4] or nil) or 0, lost_at = known[5] or nil,
  }
  if inbox.is_known or is_new_queue() then inbox.missing = count_missing(inbox) end
  return inbox
end

local function store_inbox(inbox, taken)
  local left = inbox.length - taken
  local is_same = inbox.is_known and inbox.added == inbox.added_before and left == inbox.left
  if is_same and inbox.missing == 0 then return true end
  local fields = { 'added', text(inbox.added), 'left', text(left) }
  if inbox.deleted ~= inbox.deleted_before then append(fields, 'deleted', inbox.deleted) end
  if inbox.missing > 0 then
    append(fields, 'lost', text(inbox.lost + inbox.missing))
    append(fields, 'lost_at', at)
  end
  -- A full Redis refuses the command if this script has written nothing before.
  return type(redis.pcall('HSET', key_inbox, unpack(fields))) == 'number'
end
