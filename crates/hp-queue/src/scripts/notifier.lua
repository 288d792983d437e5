-- The lease on notifications, and how far they have come. One process at a time holds the lease; it must renew it, and loses
-- it otherwise.
-- flags: allow-oom
-- needs: clock, answer, entry_id
--
-- arguments: action  "begin", "acquire", "read", "save" or "release"
--            holder  a name that no process uses twice
--            lease   ms
--            after   with "read": the entry after which to read
--            place   with "read": how many events there were up to that entry
--            count   how many events to read at most
-- values: with "save": field, value, ... to store
-- answers by name:
--   now     Unix ms
--   state   "held", "held_by_other" or "lost"
--   left    with "held_by_other": ms until it is free
--   known   with "acquire": { field, value, ... } of what is stored
--   kept    with "acquire": { entry, ... } of the events up to the cursor that are not delivered yet
--   gone    with "acquire": how many of them the stream does not have any more
--   events  with "read": { entry, ... } after `after`
--   place   with "read": how many events there were up to the first of them
--   lost    with "read": how many events between `after` and the first of them the stream does not have any more

local function number(value) return tonumber(value) or 0 end

-- What the stream says about itself: nothing if it does not exist, or is no stream.
local function stream()
  local list, info = redis.pcall('XINFO', 'STREAM', key_events), {}
  for i = 1, list.err and 0 or #list, 2 do info[list[i]] = list[i + 1] end
  return {
    length = number(info['length']),
    added = number(info['entries-added']),
    last = info['last-generated-id'] or '0-0',
    first = info['first-entry'] and info['first-entry'][1],
  }
end

local function entries(from, to, count)
  local found = redis.pcall('XRANGE', key_events, from, to, 'COUNT', count)
  return found.err and {} or found
end

-- Notifications begin with the events that come after the start of the first worker with a receiver.
local function begin()
  if redis.call('HEXISTS', key_notifier, 'cursor') == 1 then return end
  local events = stream()
  redis.call('HSET', key_notifier, 'cursor', events.last, 'place', text(events.added))
end

local function report_kept()
  local kept, gone = {}, 0
  local waiting = redis.call('HGET', key_notifier, 'waiting') or ''
  for id in waiting:gmatch('%S+') do
    local entry = entries(id, id, 1)[1]
    if entry then kept[#kept + 1] = entry else gone = gone + 1 end
  end
  report('kept', kept)
  report('gone', text(gone))
end

local function report_events()
  local events, after, place, lost = stream(), arg_after, number(arg_place), 0
  -- Somebody has deleted the stream, and this is another one.
  if events.added < place or is_later_entry(after, events.last) then after, place = '0-0', events.added - events.length end
  if events.first and is_later_entry(events.first, after) then
    local before = events.added - events.length
    lost, place = math.max(before - place, 0), before
  end
  report('events', entries('(' .. after, '+', arg_count))
  report('place', text(place + 1))
  report('lost', text(lost))
end

local known = redis.call('HMGET', key_notifier, 'owner', 'until')
report('now', at)
if arg_action == 'begin' then
  begin()
  return answer
end
if arg_action == 'acquire' then
  if known[1] and known[1] ~= arg_holder and is_ahead(known[2], LONGEST_LEASE) then
    report('state', 'held_by_other')
    report('left', text(known[2] - now))
    return answer
  end
  begin()
elseif known[1] ~= arg_holder then
  report('state', 'lost')
  return answer
end
report('state', 'held')
if arg_action == 'release' then
  redis.call('HDEL', key_notifier, 'owner', 'until')
  return answer
end
redis.call('HSET', key_notifier, 'owner', arg_holder, 'until', text(now + arg_lease))
if arg_action == 'acquire' then
  report('known', redis.call('HGETALL', key_notifier))
  report_kept()
elseif arg_action == 'read' and tonumber(arg_count) > 0 then
  report_events()
elseif arg_action == 'save' then
  redis.call('HSET', key_notifier, unpack(ARGV, FIRST_VALUE))
end
return answer
