-- settle: applies a step to a claimed order, all of it or nothing.
--
-- KEYS  1 the order's record  2 schedule  3 open  4 results
-- ARGV  1 order_id
--       2 claim
--       3 what comes next: a number of ms to wait, "review" or "end"
--       4 how long results are kept, ms
--       5 how long the records of ended orders are kept, ms
--       6 number of the values that follow for the record
--       7 field, value, ... of the record; an empty value removes the field
--       then, for "end": field, value, ... of the result, without what the record knows
-- answers { "settled", entry id of the result or "" } or { "stale", current claim or "" }
--
-- Only the holder of the current claim changes anything. A settling whose answer was lost may be sent again:
-- an order that has ended and is not in the schedule has been settled by this very claim.

local record, schedule, open, results = unpack(KEYS)
local id, claim, next_step = ARGV[1], ARGV[2], ARGV[3]
local results_kept, record_kept = tonumber(ARGV[4]), tonumber(ARGV[5])
local first, last = 7, 6 + tonumber(ARGV[6])

local was = redis.call('HMGET', record, 'claim', 'result', 'reply_to', 'accepted_at', 'meta', 'traceparent',
  'product_id', 'quantity', 'finished_at')
if was[1] ~= claim then return { 'stale', was[1] or '' } end
local first_result, finished_at = was[2], was[9]
if first_result and not redis.call('ZSCORE', schedule, id) then return { 'settled', first_result } end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end

local entry
if next_step == 'end' then
  local fields = { 'order_id', id, 'product_id', was[7], 'quantity', was[8] }
  for i = last + 1, #ARGV do fields[#fields + 1] = ARGV[i] end
  local function add(name, value)
    if value then fields[#fields + 1], fields[#fields + 2] = name, value end
  end
  add('accepted_at', was[4])
  add('finished_at', finished_at or text(now))
  add('meta', was[5])
  add('traceparent', was[6])
  add('replay_of', first_result)
  -- The one command here that the outside can make fail, so it goes first: then nothing has changed.
  entry = redis.pcall('XADD', was[3] or results, 'MINID', '~', text(math.max(now - results_kept, 0)), '*',
    unpack(fields))
  if type(entry) == 'table' then return entry end
end

local kept, gone = { 'updated_at', text(now) }, {}
for i = first, last, 2 do
  if ARGV[i + 1] == '' then
    gone[#gone + 1] = ARGV[i]
  else
    kept[#kept + 1], kept[#kept + 2] = ARGV[i], ARGV[i + 1]
  end
end
if entry and not first_result then
  for _, word in ipairs({ 'finished_at', text(now), 'result', entry }) do kept[#kept + 1] = word end
end
redis.call('HSET', record, unpack(kept))
if #gone > 0 then redis.call('HDEL', record, unpack(gone)) end

if entry then
  redis.call('ZREM', schedule, id)
  redis.call('ZREM', open, id)
  redis.call('PEXPIRE', record, record_kept)
elseif next_step == 'review' then
  redis.call('ZREM', schedule, id)
else
  redis.call('ZADD', schedule, text(now + tonumber(next_step)), id)
end
return { 'settled', entry or '' }
