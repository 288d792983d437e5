-- Settles a claimed order: applies a step, all of it or nothing.
-- needs: clock, server, record, copy, waiting, trim, held, throttle
--
-- keys:      reply_to  the stream for the result
--            replays   the repetitions that wait for a copy of the result
--            charged   the order that was charged last
-- arguments: next_step      a number of ms to wait, "review", "charged" or "uncharged" for an end, or "replay" for a copy of
--                           the result for each of the repetitions
--            held           the scope of the balance hold that keeps the order out of the schedule, at most for that number of
--                           ms; "" for none
--            signal         what the call showed about HitPoints: "answered", "no_answer", "own_failure" of the worker,
--                           "throttled" if a front end asks to send less, or "no_call"
--            slow_down      if it is throttled: for how long no call is made, ms
--            call_interval  microseconds, if the rate is limited, else 0
--            record_values  how many of the values belong to the record
-- values:    field, value, ... of the record. An empty value removes the field. The last line of `history` gets its time here.
--            Then, for an end and a replay: field, value, ... of the result, without finished_at and replay_of
-- answers "stale"; or "gone" if Redis has forgotten the order; or "more" if repetitions are left, and the same call answers
-- them; or the entry id of the result, for a replay of a copy; or "" if it stays open
--
-- Only the holder of the current claim changes anything, and only once. So a call whose answer was lost may be sent again.

local is_end = arg_next_step == 'charged' or arg_next_step == 'uncharged'
local has_result = is_end or arg_next_step == 'replay'
local last_record_value = FIRST_VALUE + arg_record_values - 1

-- This many calls in a row without an answer, over all workers, open the breaker.
local MAX_FAILURES = 10

local function open_breaker(pauses)
  local pause = math.min(arg_breaker_pause * 2 ^ (pauses - 1), tonumber(arg_longest_breaker_pause))
  redis.call('HSET', key_breaker, 'until', text(now + pause), 'pauses', pauses, 'probe', '')
  redis.call('HSETNX', key_breaker, 'since', at)
end

-- The signal of one call counts for all orders, even if another worker has claimed this one since.
local function apply_signal()
  if arg_signal == 'answered' then return redis.call('DEL', key_breaker) end
  if arg_signal == 'throttled' then slow_down(tonumber(arg_slow_down)) end
  local breaker = redis.call('HMGET', key_breaker, 'until', 'pauses', 'probe')
  local is_probe = breaker[3] == arg_order_id .. ' ' .. arg_claim
  if arg_signal == 'no_answer' then
    if not breaker[1] and redis.call('HINCRBY', key_breaker, 'failures', 1) >= MAX_FAILURES then open_breaker(1) end
    if is_probe then open_breaker(breaker[2] + 1) end
    return
  end
  if is_probe then redis.call('HSET', key_breaker, 'until', at, 'probe', '') end
  local is_unused = arg_signal == 'no_call' and call_interval() > 0 and redis.call('EXISTS', key_rate) == 1
  if is_unused then redis.call('DECRBY', key_rate, text(call_interval())) end
end

local known = redis.call('HMGET', key_record, 'claim', 'epoch', 'settled', 'result')
local first_result, waiting = known[4], has_result and count_waiting() or 0
local is_current = known[1] == arg_claim and (known[2] or '') == arg_epoch
if is_current and (known[3] == arg_claim or is_end and first_result) then return first_result or '' end

-- The answer about the order comes first: it must arrive even if Redis refuses to store the signal.
local function stale()
  pcall(apply_signal)
  return known[1] and 'stale' or 'gone'
end

if not is_current then return stale() end

-- After a restart the claim may be current only because Redis has forgotten a later one, whose holder has submitted the
-- order. So it is no longer certain that it was not charged. An open order is queried after its next claim.
if arg_next_step == 'uncharged' then
  local epoch = redis.call('HMGET', key_epoch, 'id', 'server')
  if epoch[1] ~= arg_epoch or epoch[2] ~= server_id() then return stale() end
end

-- A claim that ends without `settled` was lost by a worker that vanished.
local fields, removed = { 'updated_at', at, 'settled', arg_claim }, {}
if arg_held ~= '' then append(fields, 'held', arg_held) end

-- A repetition that was enqueued until now asks for the result that comes now. The inbox is in order, but the times in its
-- ids are the producers'. After the largest time an inbox may start again with smaller ids.
local function note_newest_entry()
  local newest = redis.pcall('XREVRANGE', key_jobs, '+', '-', 'COUNT', 1)[1]
  local id = newest and newest[1]
  if id and not id:find('^18446744073709551615%-') then append(fields, 'newest_entry', id) end
end

-- The producer's own stream cannot be written any more: the first result goes to the common one.
local function give_up_reply_to()
  removed[1] = 'reply_to'
  append(fields, 'first_reply_to', key_reply_to)
end

local function is_unwritable(entry) return type(entry) == 'table' and key_reply_to ~= key_results end

-- Returns the entry id, or an error, and the stream.
local function publish()
  -- The result is completed in place: it starts after the values of the record and ends with ARGV.
  append(ARGV, 'finished_at', at)
  local entry = add_to(key_reply_to, unpack(ARGV, last_record_value + 1))
  if not is_unwritable(entry) then return entry, key_reply_to end
  give_up_reply_to()
  return add_to(key_results, unpack(ARGV, last_record_value + 1)), key_results
end

-- Returns as answer_waiting, and the stream.
local function publish_copies()
  local result = { unpack(ARGV, last_record_value + 1) }
  append(result, 'finished_at', redis.call('HGET', key_record, 'finished_at') or at)
  local function make_copy(words, first)
    local copy = copy_for(words, result)
    if first_result or first then append(copy, 'replay_of', first_result or first) end
    return copy
  end
  local entry, answered = answer_waiting(key_reply_to, make_copy)
  if not is_unwritable(entry) then return entry, answered, key_reply_to end
  if not first_result then
    give_up_reply_to()
  else
    -- A replay goes to the stream of the first job, and nowhere else. Each repetition gets an answer in place of a copy.
    local wanted = redis.call('HMGET', key_record, 'product_id', 'quantity')
    make_copy = function(words)
      words.order_id, words.product_id, words.quantity = arg_order_id, wanted[1], wanted[2]
      return answer_to(words, 'conflict', 'invalid_repetition', UNWRITABLE)
    end
  end
  entry, answered = answer_waiting(key_results, make_copy)
  return entry, answered, key_results
end

local entry, stream, answered
if has_result then
  -- Only these commands can fail for an outside reason, so they come first: then nothing has changed.
  if is_end then
    entry, stream = publish()
    note_newest_entry()
  else
    entry, answered, stream = publish_copies()
  end
  if type(entry) == 'table' then return entry end
  -- An ended order that has lost its result, which only a change from outside can cause, gets this one as its first.
  if not first_result then
    append(fields, 'finished_at', is_end and at or redis.call('HGET', key_record, 'finished_at') or at)
    append(fields, 'result', entry)
  end
  if answered then redis.call('LTRIM', key_replays, answered, -1) end
  if stream ~= key_results then
    -- Claims trim the common stream; this one may never be written again.
    redis.call('XTRIM', stream, 'MINID', '~', trim_before())
    redis.call('PEXPIRE', stream, arg_results_retention)
  end
  if answered and first_result and answered < waiting then return 'more' end
end

for i = FIRST_VALUE, last_record_value, 2 do
  if ARGV[i] == 'history' then ARGV[i + 1] = ARGV[i + 1] .. ' ' .. at end
  if ARGV[i + 1] == '' then
    removed[#removed + 1] = ARGV[i]
  else
    fields[#fields + 1], fields[#fields + 2] = ARGV[i], ARGV[i + 1]
  end
end
redis.call('HSET', key_record, unpack(fields))
-- This comes last: the worker repeats a refused call. And a script that has already written may continue to write, even
-- if Redis is full.
pcall(apply_signal)
if #removed > 0 then redis.call('HDEL', key_record, unpack(removed)) end

if arg_next_step == 'charged' then
  local wanted = redis.call('HMGET', key_record, 'product_id', 'quantity', 'account')
  redis.pcall('HSET', key_charged, 'order_id', arg_order_id, 'product_id', wanted[1], 'quantity', wanted[2],
    'account', wanted[3] or '')
end

if has_result and waiting > (answered or 0) then
  redis.call('ZADD', key_schedule, at, arg_order_id)
elseif has_result then
  redis.call('ZREM', key_schedule, arg_order_id)
end
if has_result then
  redis.call('PEXPIRE', key_record, arg_ledger_retention)
  redis.call('ZREM', key_open, arg_order_id)
elseif arg_next_step == 'review' then
  redis.call('ZADD', key_schedule, '+inf', arg_order_id)
elseif arg_held ~= '' then
  hold_order(arg_order_id, arg_held, now + arg_next_step)
else
  redis.call('ZADD', key_schedule, text(now + arg_next_step), arg_order_id)
end
return entry or ''
