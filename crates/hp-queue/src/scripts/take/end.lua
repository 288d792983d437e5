-- Doing it, and answering.

local more = false
local calls = 0
if calls_only then
  calls = n
  tell('', text(n))
elseif #ARGV >= FIRST_NAME then
  take_named()
else
  local sources = inbox_first and { take_inbox, take_due } or { take_due, take_inbox }
  for _, take in ipairs(sources) do more = take(n - #claimed) or more end
end

-- Nothing was done, and nothing can be: the worker is told why.
if stuck and not last_entry and #claimed == 0 then return redis.error_reply(in_words(stuck)) end

-- An admitted order is in the schedule before its entry leaves the inbox.
if #due_at > 0 then
  redis.call('ZADD', schedule, unpack(due_at))
  redis.call('ZADD', open, unpack(opened))
end
if last_entry then
  redis.call('XTRIM', jobs, 'MINID', '=', last_entry)
  redis.call('XDEL', jobs, last_entry)
end
redis.call('XTRIM', results, 'MINID', '~', trim_before)

if first_free and #claimed + calls > 0 then
  local taken_up_to = first_free + (#claimed + calls) * interval
  -- Kept until it says no more than that calls are free; their time may come at intervals of hours.
  local kept = math.max(taken_up_to + interval - now_us, 0) / 1000 + 10000
  redis.call('SET', rate, text(taken_up_to), 'PX', text(kept))
end

local number = epoch.taken
if #claimed > 0 then
  number = redis.call('HINCRBY', epochs, 'taken', 1)
  if silent[1] then
    -- If nothing is heard of it, another one is let through after this time.
    local claim = redis.pcall('HGET', order_key(claimed[1][2]), 'claim')
    -- One whose record cannot be used is none.
    if type(claim) == 'string' then
      redis.call('HSET', breaker, 'until', text(now + ARGV[7]), 'probe', claimed[1][2] .. ' ' .. claim)
    end
    more = false
  end
end

-- Orders in review stand at the end of the schedule: nobody looks at them by himself.
local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
local wait = first[2] and first[2] ~= 'inf' and text(math.max(first[2] - now, 0)) or '-1'
return { at, '', wait, more and 'more' or '', claimed, epoch.id, number, -1, silent[2] or '',
  redis.call('HGETALL', holds), told }
