-- Settles claimed orders: applies a step to each of them, all of it or nothing. An order that fails stops no other one.
-- needs: clock, keys, server, record, copied, copy, waiting, trim, held, throttle, events, state_sets, spent, own_streams
--
-- keys:      charged  the order that was charged last
-- arguments: call_interval  microseconds, if the rate is limited, else 0
-- values:    one for each order, a list packed with MessagePack:
--             1 order_id
--             2 claim
--             3 epoch      of the claim
--             4 reply_to   the stream for the result
--             5 next_step  a number of ms to wait, "review", "charged" or "uncharged" for an end, or "replay" for a copy of
--                          the result for each of the repetitions
--             6 held       the scope of the balance hold that keeps the order out of the schedule, at most for that number of
--                          ms; "" for none
--             7 signal     what the call showed about HitPoints: "answered", "no_answer", "own_failure" of the worker,
--                          "throttled" if a front end asks to send less, or "no_call"
--             8 slow_down  if it is throttled: for how long no call is made, ms
--             9 history    of the order; "" if it stays. The last line gets its time here
--            10 removed    the fields that the record loses: { field, ... }
--            11 changes    of the record: { field, value, ... }
--            12 result     for an end and a replay: { field, value, ... }, without finished_at and replay_of
--            13 currency   of a charge; "" if it is unknown
--            14 charge     what was charged, in minor units of the currency; "0" if nothing was
-- answers one text for each order: "stale"; or "gone" if Redis has forgotten the order; or "more" if repetitions are left,
-- and the same call answers them; or the entry id of the result, for a replay of a copy; or "" if it stays open; or "error "
-- and the error of Redis, if the order is as it was. If this server accepts no writes, the script fails
--
-- Only the holder of the current claim changes anything, and only once. So a call whose answer was lost may be sent again,
-- with the same orders or with others.

local function read_order(packed)
  local v = cmsgpack.unpack(packed)
  local order = {
    id = v[1], claim = v[2], epoch = v[3], reply_to = v[4], next_step = v[5], held = v[6], signal = v[7], slow_down = v[8],
    history = v[9], removed = v[10], changes = v[11], result = v[12], currency = v[13], charge = v[14],
  }
  order.is_end = order.next_step == 'charged' or order.next_step == 'uncharged'
  order.has_result = order.is_end or order.next_step == 'replay'
  order.record_key, order.replays_key = order_key(order.id), replays_key(order.id)
  return order
end

-- This many calls in a row without an answer, over all workers, open the breaker.
local MAX_FAILURES = 10

local function open_breaker(pauses)
  local pause = math.min(arg_breaker_pause * 2 ^ (pauses - 1), tonumber(arg_longest_breaker_pause))
  redis.call('HSET', key_breaker, 'until', text(now + pause), 'pauses', pauses, 'probe', '')
  if redis.call('HSETNX', key_breaker, 'since', at) == 0 then return end
  local failure = redis.call('HMGET', key_breaker, 'failure', 'failure_detail')
  add_event('vendor.unreachable', nil, { failure = failure[1] or nil, message = failure[2] or nil })
end

-- Closes the breaker, and forgets the failures before it opened.
local function close_breaker()
  local since = redis.pcall('HGET', key_breaker, 'since')
  redis.call('DEL', key_breaker)
  if type(since) == 'string' then add_event('vendor.reachable', nil, { since = tonumber(since) }) end
end

local is_breaker_gone = false

-- The signal of one call counts for all orders, even if another worker has claimed this one since.
local function apply_signal(order)
  if order.signal == 'answered' then
    if not is_breaker_gone then close_breaker() end
    is_breaker_gone = true
    return
  end
  if order.signal == 'throttled' then slow_down(tonumber(order.slow_down)) end
  local breaker = redis.call('HMGET', key_breaker, 'until', 'pauses', 'probe')
  local is_probe = breaker[3] == order.id .. ' ' .. order.claim
  if order.signal == 'no_answer' then
    is_breaker_gone = false
    if not breaker[1] and redis.call('HINCRBY', key_breaker, 'failures', 1) >= MAX_FAILURES then open_breaker(1) end
    if is_probe then open_breaker(breaker[2] + 1) end
    return
  end
  if is_probe then redis.call('HSET', key_breaker, 'until', at, 'probe', '') end
  local is_unused = order.signal == 'no_call' and call_interval() > 0 and redis.call('EXISTS', key_rate) == 1
  if is_unused then redis.call('DECRBY', key_rate, text(call_interval())) end
end

local present

local function is_of_present_epoch(order)
  if not present then
    local epoch = redis.call('HMGET', key_epoch, 'id', 'server')
    present = { id = epoch[2] == server_id() and epoch[1] }
  end
  return order.epoch == present.id
end

local newest_entry

-- A repetition that was enqueued until now asks for the result that comes now. The inbox is in order, but the times in its
-- ids are the producers'. After the largest time an inbox may start again with smaller ids.
local function note_newest_entry(order)
  if not newest_entry then
    -- here: newest_entry
    local ok, newest = pcall(read_newest_entry)
    newest_entry = ok and newest or ''
  end
  if newest_entry ~= '' and not newest_entry:find('^18446744073709551615%-') then
    append(order.changes, 'newest_entry', newest_entry)
  end
end

-- The producer's own stream cannot be written any more: the first result goes to the common one.
local function give_up_reply_to(order)
  append(order.changes, 'first_reply_to', order.reply_to)
  order.removed[#order.removed + 1] = 'reply_to'
end

local function is_unwritable(order, entry) return type(entry) == 'table' and order.reply_to ~= key_results end

-- Returns the entry id, or an error, and the stream.
local function publish(order)
  append(order.result, 'finished_at', at)
  local entry = add_to(order.reply_to, unpack(order.result))
  if not is_unwritable(order, entry) then return entry, order.reply_to end
  give_up_reply_to(order)
  return add_to(key_results, unpack(order.result)), key_results
end

-- Returns as answer_waiting, and the stream.
local function publish_copies(order, first_result)
  append(order.result, 'finished_at', redis.call('HGET', order.record_key, 'finished_at') or at)
  local function make_copy(words, first)
    local copy = copy_for(words, order.result)
    if first_result or first then append(copy, 'replay_of', first_result or first) end
    return copy
  end
  local entry, answered = answer_waiting(order.replays_key, order.reply_to, make_copy)
  if not is_unwritable(order, entry) then return entry, answered, order.reply_to end
  if not first_result then
    give_up_reply_to(order)
  else
    -- A replay goes to the stream of the first job, and nowhere else. Each repetition gets an answer in place of a copy.
    local wanted = redis.call('HMGET', order.record_key, 'product_id', 'quantity')
    make_copy = function(words)
      words.order_id, words.product_id, words.quantity = order.id, wanted[1], wanted[2]
      return answer_to(words, 'conflict', 'invalid_repetition', UNWRITABLE)
    end
  end
  entry, answered = answer_waiting(order.replays_key, key_results, make_copy)
  return entry, answered, key_results
end

local own_streams = {}

-- Publishes what an end or a replay publishes. Only these commands can fail for an outside reason, so they come first: then
-- nothing has changed. Returns the entry id, and how many repetitions have an answer.
local function publish_result(order, first_result)
  local entry, stream, answered
  if order.is_end then
    entry, stream = publish(order)
    note_newest_entry(order)
  else
    entry, answered, stream = publish_copies(order, first_result)
  end
  if type(entry) == 'table' then error(entry, 0) end
  -- An ended order that has lost its result, which only a change from outside can cause, gets this one as its first.
  if not first_result then
    local finished_at = not order.is_end and redis.call('HGET', order.record_key, 'finished_at')
    append(order.changes, 'finished_at', finished_at or at)
    append(order.changes, 'result', entry)
  end
  if answered then redis.call('LTRIM', order.replays_key, answered, -1) end
  if stream ~= key_results then own_streams[stream] = true end
  return entry, answered or 0
end

local function state_after_step(order, was)
  if order.is_end then return '' end
  for i = 1, #order.changes, 2 do
    if order.changes[i] == 'state' then return order.changes[i + 1] end
  end
  return was or ''
end

local function change_record(order, was)
  -- A claim that ends without `settled` was lost by a worker that vanished.
  local fields = order.changes
  append(fields, 'updated_at', at)
  append(fields, 'settled', order.claim)
  if order.held ~= '' then append(fields, 'held', order.held) end
  if order.history ~= '' then append(fields, 'history', order.history .. ' ' .. at) end
  redis.call('HSET', order.record_key, unpack(fields))
  note_state(order.id, was, state_after_step(order, was))
  if order.next_step == 'charged' then add_charge(order.currency, order.charge) end
  -- This comes last: the worker repeats a refused call. And a script that has already written may continue to write, even
  -- if Redis is full.
  pcall(apply_signal, order)
  if #order.removed > 0 then redis.call('HDEL', order.record_key, unpack(order.removed)) end
end

local ended, unscheduled, last_charged = {}, {}, nil

local function schedule(order, is_more_waiting)
  if order.has_result then
    redis.call('PEXPIRE', order.record_key, arg_ledger_retention)
    ended[#ended + 1] = order.id
    if is_more_waiting then
      redis.call('ZADD', key_schedule, at, order.id)
    else
      unscheduled[#unscheduled + 1] = order.id
    end
  elseif order.next_step == 'review' then
    redis.call('ZADD', key_schedule, '+inf', order.id)
  elseif order.held ~= '' then
    hold_order(order.id, order.held, now + order.next_step)
  else
    redis.call('ZADD', key_schedule, text(now + order.next_step), order.id)
  end
end

-- A run has queried an order that the ledger knew as unsent, and HitPoints has charged it.
local function is_difference(order, was) return order.next_step == 'charged' and (was == 'queued' or was == 'waiting') end

-- An ended order may wait for an operator, too: its record does not change.
local ENDED = { completed = true, failed = true, rejected = true, expired = true }

local function report_change(order, was)
  if ENDED[was] then return end
  local is_in_review = order.next_step == 'review'
  local event = is_difference(order, was) and 'reconcile.difference'
    or is_in_review and was ~= 'review' and 'order.review'
    or not is_in_review and was == 'review' and 'order.review_resolved'
  if not event then return end
  local is = redis.call('HMGET', order.record_key, 'state', 'cause', 'code', 'message')
  add_event(event, order.id, {
    from = was or nil, to = is[1] or nil, cause = is[2] or nil, code = tonumber(is[3] or nil), message = is[4] or nil,
  })
end

local has_waiting = false

local function settle(order)
  local known = redis.call('HMGET', order.record_key, 'claim', 'epoch', 'settled', 'result', 'state')
  local first_result = known[4]
  local is_current = known[1] == order.claim and (known[2] or '') == order.epoch
  if is_current and (known[3] == order.claim or order.is_end and first_result) then return first_result or '' end
  -- After a restart the claim may be current only because Redis has forgotten a later one, whose holder has submitted the
  -- order. So it is no longer certain that it was not charged. An open order is queried after its next claim.
  if not is_current or order.next_step == 'uncharged' and not is_of_present_epoch(order) then
    -- The answer must arrive even if Redis refuses to store the signal.
    pcall(apply_signal, order)
    return known[1] and 'stale' or 'gone'
  end
  local entry, answered, waiting = nil, 0, 0
  if order.has_result then
    waiting = has_waiting and count_waiting(order.replays_key) or 0
    if not order.is_end and has_copied_enough() then return 'more' end
    entry, answered = publish_result(order, first_result)
    if first_result and answered > 0 and answered < waiting then return 'more' end
  end
  change_record(order, known[5])
  schedule(order, waiting > answered)
  if order.next_step ~= 'replay' then pcall(report_change, order, known[5]) end
  if order.next_step == 'charged' then last_charged = order end
  return entry or ''
end

local orders, replays = {}, {}
for i = FIRST_VALUE, #ARGV do
  local order = read_order(ARGV[i])
  orders[#orders + 1] = order
  if order.has_result then replays[#replays + 1] = order.replays_key end
end
has_waiting = #replays > 0 and redis.call('EXISTS', unpack(replays)) > 0

-- Another server may accept the writes that this one refuses.
local REFUSALS_OF_SERVER = { READONLY = true, NOREPLICAS = true, MASTERDOWN = true }

local answers, refusal = {}, nil
for i, order in ipairs(orders) do
  local ok, answer = pcall(settle, order)
  if not ok then
    local failure = message_of(answer)
    local code = failure:match('^(%u+) ')
    if REFUSALS_OF_SERVER[code] then
      refusal = failure
      break
    end
    -- An error of Lua has no code.
    answer = 'error ' .. (code and failure or 'ERR ' .. failure)
  end
  answers[i] = answer
end

store_states()
store_charges()

if #unscheduled > 0 then redis.call('ZREM', key_schedule, unpack(unscheduled)) end
if #ended > 0 then redis.call('ZREM', key_open, unpack(ended)) end
if last_charged then
  local wanted = redis.call('HMGET', last_charged.record_key, 'product_id', 'quantity', 'account')
  redis.pcall('HSET', key_charged, 'order_id', last_charged.id, 'product_id', wanted[1], 'quantity', wanted[2],
    'account', wanted[3] or '')
end
local names_of_streams = {}
for stream in pairs(own_streams) do
  names_of_streams[#names_of_streams + 1] = stream
  -- Claims trim the common stream; this one may never be written again.
  redis.call('XTRIM', stream, 'MINID', '~', trim_before())
  redis.call('PEXPIRE', stream, arg_results_retention)
end
note_own_streams(names_of_streams)
return refusal and redis.error_reply(refusal) or answers
