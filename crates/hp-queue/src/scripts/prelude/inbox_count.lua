-- Counts lost entries: they left the inbox before a worker took them, because another program has trimmed or deleted them.
-- needs: clock, record, inbox_size
-- keys: jobs, epoch, inbox
-- offers: observe_inbox() -> inbox, or nil if the server does not count (before Redis 7). Changes nothing. While the first
--         entry may be large it counts nothing, because Redis would copy the entry: a later claim does
--           inbox.missing        how many are lost since the last claim
--           inbox.lost, lost_at  how many were lost before, and when a claim last missed some (Unix ms as text)
--           inbox.unreported     how many dead letters no event has reported
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

-- What workers have taken from a queue that is older than this count is unknown.
local function is_new_queue() return tonumber(redis.call('HGET', key_epoch, 'claims') or 0) == 0 end

-- A claim deletes an entry of each stream. So a stream from which nothing was ever deleted is another one.
local function is_same_stream(inbox)
  return inbox.added >= inbox.added_before and (inbox.deleted_before == '0-0' or inbox.deleted ~= '0-0')
end

local function count_missing(inbox)
  local expected = inbox.left + inbox.added - inbox.added_before
  if is_same_stream(inbox) and expected >= inbox.length then return expected - inbox.length end
  return math.max(inbox.left + inbox.added - inbox.length, 0)
end

local NO_STREAM = { length = 0, added = 0, deleted = '0-0' }

local function observe_inbox()
  local info = stream_info()
  if info == nil then info = NO_STREAM end
  if info and not info.added then return nil end
  local known = redis.call('HMGET', key_inbox, 'added', 'left', 'deleted', 'lost', 'lost_at', 'unreported')
  local is_new = not known[2] and is_new_queue()
  local inbox = {
    is_new = is_new, is_counted = info and true, length = info and info.length, added = info and info.added,
    deleted = info and info.deleted or known[3] or '0-0', missing = 0, is_known = known[2],
    added_before = tonumber(known[1] or nil) or 0, left = tonumber(known[2] or nil) or 0, deleted_before = known[3] or '0-0',
    lost = tonumber(known[4] or nil) or 0, lost_at = known[5] or nil,
    unreported = tonumber(known[6] or nil) or 0,
  }
  if info and (inbox.is_known or is_new) then inbox.missing = count_missing(inbox) end
  return inbox
end

-- What is taken is not missing, although nothing was counted. Of a new queue all entries count.
local function store_taken(inbox, taken)
  if taken == 0 or not inbox.is_known and not inbox.is_new then return true end
  return type(redis.pcall('HINCRBY', key_inbox, 'left', text(-taken))) == 'number'
end

local function store_inbox(inbox, taken)
  if not inbox.is_counted then return store_taken(inbox, taken) end
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
