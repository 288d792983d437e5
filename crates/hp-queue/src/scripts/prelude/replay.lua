-- Publishes the result of an ended order again.
-- needs: clock, keys, record, copy, publish
-- keys: results, schedule
-- arguments: pins_encoding  of the results that are published now
--            replays        "1" if the caller wants to know which results were published again
-- offers: replay(job, record_key)
--         published_replays()  a list of { order_id, the repetition's traceparent or "", that of the result or "", entry id }

-- The result has left its stream: the order is scheduled like an open one, and its next claimant determines the result
-- again. The repetition waits in a list that lives as long as the record.
local function schedule_replay(job, record_key)
  local replays = replays_key(job.order_id)
  redis.call('RPUSH', replays, cmsgpack.pack({ meta = job.meta, traceparent = job.traceparent }))
  redis.call('PEXPIRE', replays, math.max(redis.call('PTTL', record_key), 1))
  redis.call('ZADD', key_schedule, 'NX', at, job.order_id)
end

-- A Redis that has lost writes may have given the entry id to the result of another order. A result from before the queue began
-- to seal cards must not be copied in clear text. A sealed one is copied in any case.
local function is_result_of(id, state, fields)
  local result = as_map(fields)
  return result.order_id == id and result.status == state and not result.replay_of
    and (result.pins_encoding ~= 'json' or arg_pins_encoding == 'json')
end

local published = {}

local function note_replay(job, copy, entry)
  local traceparent = as_map(copy).traceparent
  published[#published + 1] = { job.order_id, job.traceparent or '', traceparent or '', entry }
end

local function published_replays() return #published > 0 and published or nil end

-- Goes to the stream of the first job, and nowhere else: whoever repeats an order may belong to another shop.
local function replay(job, record_key)
  local known = redis.call('HMGET', record_key, 'result', 'reply_to', 'state')
  local stream = known[2] or key_results
  local kind = redis.call('TYPE', stream).ok
  local first = kind == 'stream' and known[1] and redis.call('XRANGE', stream, known[1], known[1])[1]
  if kind == 'none' or kind == 'stream' and not (first and is_result_of(job.order_id, known[3], first[2])) then
    return schedule_replay(job, record_key)
  end
  local is_published = first and pcall(function()
    local copy = copy_for(job, first[2])
    append(copy, 'replay_of', known[1])
    local entry = add_result(stream, copy)
    if arg_replays == '1' then note_replay(job, copy, entry) end
  end)
  if not is_published then answer_entry(job, 'conflict', 'invalid_repetition', UNWRITABLE) end
end

