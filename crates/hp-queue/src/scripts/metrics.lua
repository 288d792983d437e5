-- Reads the figures of a queue for monitoring. Changes nothing. It looks at no order, so it takes the same time however many
-- there are.
-- needs: clock, record, answer, inbox_count, today
-- flags: no-writes
--
-- arguments: prefix
-- answers by name; a figure that cannot be read, because another program uses its key, is left out:
--   now                       Unix ms
--   open, oldest_open         how many orders are open; ms since the oldest of them was admitted, 0: none is open
--   queued, uncertain, waiting, review
--                             how many of them are in the set of this state
--   scheduled, for_operator   how many orders are in the schedule, and how many of these wait for an operator
--   due, lag                  how many orders are due; ms since the first of them was due
--   inbox, inbox_age          how many entries are in the inbox; ms since the first was enqueued, by its id. 0: there is none,
--                             or its producer has chosen an id without a time. Left out: the first entry may be large
--   lost                      how many entries have left the inbox before a worker took them
--   holds, held               how many balances are known to be too low; how many orders wait for one
--   pending, delivered, undelivered
--                             events that are to be notified, that were, and that were given up
--   letters                   how many dead letters there are
--   common_bytes, own_bytes   memory of the common result stream, and of the producers' own
--   workers, faulty           how many workers are alive, and how many of these claim no orders
--   paused, breaker           1 or 0
--   spent                     { currency, minor units, ... } of today
--   last_run                  when the last reconciliation run ended, Unix ms; 0: there was none

-- A reading that fails concerns its own figures only.
local function measure(read) pcall(read) end

local function report_number(name, value) report(name, text(value)) end

local function first_score(key)
  return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or nil)
end

local function since(time) return math.max(now - time, 0) end

report('now', at)

measure(function()
  report_number('open', redis.call('ZCARD', key_open))
  local oldest = first_score(key_open)
  report_number('oldest_open', oldest and since(oldest) or 0)
end)

for _, state in ipairs({ 'queued', 'uncertain', 'waiting', 'review' }) do
  measure(function() report_number(state, redis.call('SCARD', key_states .. ':' .. state)) end)
end

measure(function()
  report_number('scheduled', redis.call('ZCARD', key_schedule))
  -- Orders that wait for an operator are at the end of the schedule.
  report_number('for_operator', redis.call('ZCOUNT', key_schedule, '+inf', '+inf'))
  report_number('due', redis.call('ZCOUNT', key_schedule, '-inf', at))
  local first = first_score(key_schedule)
  report_number('lag', first and first > 0 and since(first) or 0)
end)

-- The year 2001, Unix ms: an earlier time is none.
local EARLIEST = 978307200000

local function age_of(entry_id)
  local time = tonumber(entry_id:match('^%d+'))
  return time >= EARLIEST and since(time) or 0
end

measure(function()
  report_number('inbox', redis.call('XLEN', key_jobs))
  local info = stream_info()
  if info ~= false then report_number('inbox_age', info and info.first_id and age_of(info.first_id) or 0) end
end)

measure(function()
  local inbox = observe_inbox()
  report_number('lost', inbox and inbox.lost + inbox.missing or 0)
end)

-- More balances than HitPoints has currencies: an order of a product whose currency is unknown waits for that product's.
local MOST_SCOPES = 1000

-- A hold stays in its key after its last order has ended, because only a charge proves that the balance is enough again.
measure(function()
  local all, holds = redis.call('HGETALL', key_holds), 0
  for i = 1, #all, 2 do
    local is_in_force = (tonumber(all[i + 1]) or 0) > now or redis.call('EXISTS', key_held .. ':' .. all[i]) == 1
    if is_in_force then holds = holds + 1 end
  end
  report_number('holds', holds)
end)
measure(function()
  local held = 0
  for _, scope in ipairs(redis.call('ZRANGE', key_held, 0, MOST_SCOPES - 1)) do
    held = held + redis.call('ZCARD', key_held .. ':' .. scope)
  end
  report_number('held', held)
end)

-- How many events come after the cursor, which stands behind the event at this place.
local function events_after(place)
  if redis.call('XLEN', key_events) == 0 then return 0 end
  local info = as_map(redis.call('XINFO', 'STREAM', key_events))
  local added = info['entries-added'] or info.length
  -- Somebody has deleted the stream, and this is another one.
  if added < place then return info.length end
  return math.min(added - place, info.length)
end

measure(function()
  local fields = { 'cursor', 'place', 'waiting_count', 'delivered', 'undelivered' }
  local known = redis.call('HMGET', key_notifier, unpack(fields))
  local waiting = tonumber(known[3] or nil) or 0
  -- Before notifications have begun, nobody waits for an event.
  local after = known[1] and events_after(tonumber(known[2] or nil) or 0) or 0
  report_number('pending', after + waiting)
  report_number('delivered', tonumber(known[4] or nil) or 0)
  report_number('undelivered', tonumber(known[5] or nil) or 0)
end)

measure(function() report_number('letters', redis.call('XLEN', key_rejected)) end)

-- Redis estimates the memory of a stream from its first few nodes.
local function memory_of_stream(name)
  local bytes = redis.call('MEMORY', 'USAGE', name)
  return bytes or 0
end

measure(function() report_number('common_bytes', memory_of_stream(arg_prefix .. ':results')) end)

-- The streams that were written last stand for all.
local MEASURED_STREAMS = 64

measure(function()
  local streams = redis.call('ZCOUNT', key_own_streams, at, '+inf')
  local bytes, last = 0, redis.call('ZRANGE', key_own_streams, 0, math.min(streams, MEASURED_STREAMS) - 1, 'REV')
  if streams == 0 then return report_number('own_bytes', 0) end
  for _, name in ipairs(last) do bytes = bytes + memory_of_stream(name) end
  report_number('own_bytes', bytes / #last * streams)
end)

local MOST_WORKERS = 1000

measure(function()
  local ends = text(now + LONGEST_LEASE)
  report_number('workers', redis.call('ZCOUNT', key_workers, at, ends))
  local faulty = 0
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', key_workers, at, ends, 'LIMIT', 0, MOST_WORKERS)) do
    if redis.call('HGET', key_workers .. ':' .. name, 'fault') then faulty = faulty + 1 end
  end
  report_number('faulty', faulty)
end)

measure(function() report_number('paused', redis.call('EXISTS', key_paused)) end)
measure(function() report_number('breaker', redis.call('HGET', key_breaker, 'until') and 1 or 0) end)

-- A currency of the day before is there again today.
measure(function()
  local fields, of_today = redis.call('HGETALL', key_spent), {}
  for i = 1, #fields, 2 do
    local day, currency = fields[i]:match('^(%d+):(%w+)$')
    if day then of_today[currency] = day == TODAY and fields[i + 1] or of_today[currency] or '0' end
  end
  local spent = {}
  for currency, minor_units in pairs(of_today) do append(spent, currency, minor_units) end
  report('spent', spent)
end)

measure(function()
  local run = redis.call('XREVRANGE', key_runs, '+', '-', 'COUNT', 1)[1]
  local ended = run and as_map(run[2]).finished_at
  report_number('last_run', tonumber(ended or nil) or 0)
end)

return answer
