-- settle: applies a step to a claimed order, all of it or nothing.
--
-- KEYS  1 the order's record  2 schedule  3 open  4 results  5 the stream that the producer wants the result in
--       6 breaker  7 rate  8 epoch  9 the repetitions that wait for a copy of its result
--      10 the order that was charged last
-- ARGV  1 order_id
--       2 claim
--       3 epoch of the claim
--       4 what comes next: a number of ms to wait, "review", "charged" or "uncharged" for an end, or "again" for one more
--         copy of a result, for the first of the repetitions
--       5 how long results are kept, ms
--       6 how long the records of ended orders are kept, ms
--       7 what was heard of HitPoints: "answer", "silence", "ours" where the trouble was the worker's own, or "none" where
--         no call was made
--       8 first pause of the breaker, ms
--       9 its longest pause, ms
--      10 time from one call to the next where their rate is limited, microseconds, else 0
--      11 number of the values that follow for the record
--      12 field, value, ... of the record; an empty value removes the field; the last line of `story` gets its time here
--       then, for an end and "again": field, value, ... of the result, less finished_at and replay_of
-- answers "stale"; or "gone", where Redis has forgotten the order; or the entry id of the result, or "" where the order
-- goes on
--
-- Only the holder of the current claim changes anything, and only once: a settling whose answer was lost may be sent
-- again.

local record, schedule, open, results, wanted_in, breaker, rate, epoch, repetitions, charged = unpack(KEYS)
local id, claim, next_step, kept, contact = ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[7]
local is_end = next_step == 'charged' or next_step == 'uncharged'
local ends = is_end or next_step == 'again'
local first, last = 12, 11 + tonumber(ARGV[11])

-- As many calls in a row without an answer, over all workers, open the breaker.
local SILENCES = 10

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%d', now)

local function open_breaker(pauses)
  local pause = math.min(ARGV[8] * 2 ^ (pauses - 1), tonumber(ARGV[9]))
  redis.call('HSET', breaker, 'until', string.format('%d', now + pause), 'pauses', pauses, 'probe', '')
  redis.call('HSETNX', breaker, 'since', at)
end

-- What one call tells about HitPoints counts for all orders, whoever holds this one now.
local function hear()
  if contact == 'answer' then return redis.call('DEL', breaker) end
  local was = redis.call('HMGET', breaker, 'until', 'pauses', 'probe')
  local is_probe = was[3] == id .. ' ' .. claim
  if contact == 'silence' then
    if not was[1] and redis.call('HINCRBY', breaker, 'silences', 1) >= SILENCES then open_breaker(1) end
    if is_probe then open_breaker(was[2] + 1) end
    return
  end
  if is_probe then redis.call('HSET', breaker, 'until', at, 'probe', '') end
  local is_unused = contact == 'none' and ARGV[10] ~= '0' and redis.call('EXISTS', rate) == 1
  if is_unused then redis.call('DECRBY', rate, ARGV[10]) end
end

local was = redis.call('HMGET', record, 'claim', 'epoch', 'settled', 'result')
local is_ours = was[1] == claim and (was[2] or '') == ARGV[3]
if is_ours and (was[3] == claim or is_end and was[4]) then return was[4] or '' end

-- The order comes first: where Redis refuses to write down what was heard, this is still to be answered.
local function stale()
  pcall(hear)
  return was[1] and 'stale' or 'gone'
end

if not is_ours then return stale() end

-- After a restart the claim may fit only because Redis has forgotten a later one, whose holder has sent the order. Then
-- nobody can say any more that it was not charged. What goes on is asked about when it is next taken.
if next_step == 'uncharged' then
  local known = redis.call('HMGET', epoch, 'id', 'server')
  if known[1] ~= ARGV[3] or known[2] ~= server_id() then return stale() end
end

-- A claim that ends without `settled` was given up by a worker that died.
local fields, gone = { 'updated_at', at, 'settled', claim }, {}

local entry
if ends then
  -- The result is completed where it stands; the record's values end before it, at `last`.
  local n = #ARGV
  ARGV[n + 1], ARGV[n + 2] = 'finished_at', at
  if next_step == 'again' then
    ARGV[n + 2] = redis.call('HGET', record, 'finished_at') or at
    if was[4] then ARGV[n + 3], ARGV[n + 4] = 'replay_of', was[4] end
  end
  -- The outside can make only this command fail, so it goes first: then nothing has changed.
  entry = redis.pcall('XADD', wanted_in, '*', unpack(ARGV, last + 1))
  if type(entry) == 'table' and wanted_in ~= results then
    -- The producer's stream cannot be written any more; the common one is where to look for what is missing.
    wanted_in = results
    entry = redis.pcall('XADD', wanted_in, '*', unpack(ARGV, last + 1))
    if is_end then gone[1] = 'reply_to' end
  end
  if type(entry) == 'table' then return entry end
  -- For an ended order that has lost its result, as only a hand from outside can do, this is the first one.
  if not was[4] then
    fields[5], fields[6], fields[7], fields[8] = 'finished_at', ARGV[n + 2], 'result', entry
  end
  if wanted_in ~= results then
    -- The common stream is trimmed by `take`; this one may never be written again.
    redis.call('XTRIM', wanted_in, 'MINID', '~', string.format('%d', math.max(now - kept, 0)))
    redis.call('PEXPIRE', wanted_in, kept)
  end
end

for i = first, last, 2 do
  if ARGV[i] == 'story' then ARGV[i + 1] = ARGV[i + 1] .. ' ' .. at end
  if ARGV[i + 1] == '' then
    gone[#gone + 1] = ARGV[i]
  else
    fields[#fields + 1], fields[#fields + 2] = ARGV[i], ARGV[i + 1]
  end
end
redis.call('HSET', record, unpack(fields))
-- Only now: a settling that is refused is sent again. And a script that has written something may go on writing, even where
-- Redis is full.
pcall(hear)
if #gone > 0 then redis.call('HDEL', record, unpack(gone)) end

if next_step == 'charged' then
  local wanted = redis.call('HMGET', record, 'product_id', 'quantity')
  redis.pcall('HSET', charged, 'order_id', id, 'product_id', wanted[1], 'quantity', wanted[2])
end

if next_step == 'again' then redis.call('LPOP', repetitions) end
if ends and redis.call('LLEN', repetitions) > 0 then
  redis.call('ZADD', schedule, at, id)
elseif ends then
  redis.call('ZREM', schedule, id)
end
if ends then
  redis.call('PEXPIRE', record, ARGV[6])
  redis.call('ZREM', open, id)
elseif next_step == 'review' then
  redis.call('ZADD', schedule, '+inf', id)
else
  redis.call('ZADD', schedule, string.format('%d', now + next_step), id)
end
return entry or ''
