-- settle: applies a step to a claimed order, all of it or nothing.
--
-- KEYS  1 the order's record  2 schedule  3 open  4 the stream for the result
-- ARGV  1 order_id
--       2 claim
--       3 what comes next: a number of ms to wait, "review", "end", or "again" for one more copy of a result
--       4 how long the results in that stream are kept, ms; 0: `take` trims it
--       5 how long the records of ended orders are kept, ms
--       6 number of the values that follow for the record
--       7 field, value, ... of the record; an empty value removes the field
--       then, for "end" and "again": field, value, ... of the result, less finished_at and replay_of
-- answers "stale", or the entry id of the result, or "" where the order goes on
--
-- Only the holder of the current claim changes anything. A settling whose answer was lost may be sent again:
-- an order that is not in the schedule any more has been settled by this very claim.

local record, schedule, open, results = unpack(KEYS)
local id, next_step = ARGV[1], ARGV[3]
local ends = next_step == 'end' or next_step == 'again'
local first, last = 7, 6 + tonumber(ARGV[6])

if redis.call('HGET', record, 'claim') ~= ARGV[2] then return 'stale' end
if not redis.call('ZSCORE', schedule, id) then return redis.call('HGET', record, 'result') or '' end

-- A key that is not what it should be stops the script here, before anything has changed.
redis.call('ZCARD', open)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%d', now)
local fields, gone = { 'updated_at', at }, {}

local entry
if ends then
  if ARGV[4] ~= '0' then
    redis.call('XTRIM', results, 'MINID', '~', string.format('%d', math.max(now - ARGV[4], 0)))
  end
  local values = { 'XADD', results, '*', unpack(ARGV, last + 1) }
  local n = #values
  if next_step == 'again' then
    local was = redis.call('HMGET', record, 'finished_at', 'result')
    values[n + 1], values[n + 2], values[n + 3], values[n + 4] = 'finished_at', was[1], 'replay_of', was[2]
  else
    values[n + 1], values[n + 2] = 'finished_at', at
  end
  -- The one command here that the outside can make fail, so it goes first: then nothing has changed.
  entry = redis.pcall(unpack(values))
  if type(entry) == 'table' then return entry end
  if next_step == 'end' then
    fields[3], fields[4], fields[5], fields[6] = 'finished_at', at, 'result', entry
  end
end

for i = first, last, 2 do
  if ARGV[i + 1] == '' then
    gone[#gone + 1] = ARGV[i]
  else
    fields[#fields + 1], fields[#fields + 2] = ARGV[i], ARGV[i + 1]
  end
end
redis.call('HSET', record, unpack(fields))
if #gone > 0 then redis.call('HDEL', record, unpack(gone)) end

if ends then
  redis.call('ZREM', schedule, id)
  redis.call('ZREM', open, id)
  redis.call('PEXPIRE', record, ARGV[5])
elseif next_step == 'review' then
  redis.call('ZADD', schedule, '+inf', id)
else
  redis.call('ZADD', schedule, string.format('%d', now + next_step), id)
end
return entry or ''
