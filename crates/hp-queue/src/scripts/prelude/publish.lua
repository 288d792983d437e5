-- Answers an entry of the inbox that makes no order.
-- needs: clock, record, entry, copied, copy, trim, own_streams
-- keys: results, rejected
-- arguments: results_retention
-- offers: add_result(stream, fields)  returns the entry id. Raises an error if the stream cannot be written
--         answer_entry(job, status, reason, detail)
--         add_dead_letter(entry_id, entry, reason)
--         dead_letters()  how many the script has added
--         bound_dead_letters()  drops the oldest ones if there are too many. Returns how many

local function add_result(stream, fields)
  local entry = redis.call('XADD', stream, 'MINID', '~', trim_before(), '*', unpack(fields))
  -- A stream of a producer's own may never be written again.
  if stream ~= key_results then
    redis.call('PEXPIRE', stream, arg_results_retention)
    note_own_streams({ stream })
  end
  count_copied(fields)
  return entry
end

local function stream_for(job)
  if not job.reply_to or job.twice.reply_to or not is_reply_to(job.reply_to) then return key_results end
  local kind = redis.call('TYPE', job.reply_to).ok
  return (kind == 'none' or kind == 'stream') and job.reply_to or key_results
end

-- On the common stream if the producer's own stream cannot be written.
local function answer_entry(job, status, reason, detail)
  local stream, fields = stream_for(job), answer_to(job, status, reason, detail)
  if stream == key_results or not pcall(add_result, stream, fields) then add_result(key_results, fields) end
end

-- A sound job with a slip fits into a dead letter.
local MAX_FIELDS, MAX_WORD, MAX_LETTER = 3000, 4096, 32768

-- Returns what a dead letter keeps of an entry, and the reason if that is not all.
local function cut_entry(entry)
  local fields, bytes, total, reason = {}, 0, 0, nil
  for i = 1, #entry, 2 do
    local name, value = entry[i], entry[i + 1]
    total = total + #name + #value
    bytes = bytes + math.min(#name, MAX_WORD) + math.min(#value, MAX_WORD)
    if #name > MAX_WORD or #value > MAX_WORD or bytes > MAX_LETTER then reason = 'too_large' end
    if bytes <= MAX_LETTER and #fields < 2 * MAX_FIELDS then
      append(fields, name:sub(1, MAX_WORD), value:sub(1, MAX_WORD))
    end
  end
  if #entry > 2 * MAX_FIELDS then reason = 'too_many_fields' end
  if reason then append(fields, 'cut_from', text(total) .. ' bytes in ' .. text(#entry / 2) .. ' fields') end
  return fields, reason
end

local letters = 0

local function dead_letters() return letters end

-- Verbatim, unless the entry is too large.
local function add_dead_letter(entry_id, entry, reason)
  local fields, cut = cut_entry(entry)
  append(fields, 'reason', cut or reason:sub(1, MAX_WORD))
  append(fields, 'entry_id', entry_id)
  redis.call('XADD', key_rejected, '*', unpack(fields))
  count_copied(fields)
  letters = letters + 1
end

local MAX_LETTERS, MAX_BYTES, MAX_TRIMS, SAMPLE = 100000, 33554432, 32, 4

-- The oldest and the newest letters stand for all.
local function estimated_bytes(length)
  local bytes, n = 0, 0
  for _, page in ipairs({
    redis.call('XRANGE', key_rejected, '-', '+', 'COUNT', SAMPLE),
    redis.call('XREVRANGE', key_rejected, '+', '-', 'COUNT', SAMPLE),
  }) do
    for _, letter in ipairs(page) do
      n = n + 1
      for _, word in ipairs(letter[2]) do bytes = bytes + #word end
    end
  end
  return n > 0 and bytes / n * length or 0
end

-- The memory of the stream includes what its consumer groups keep, and no trim frees that.
local function are_letters_too_large(length)
  local bytes = redis.pcall('MEMORY', 'USAGE', key_rejected, 'SAMPLES', 0)
  if type(bytes) ~= 'number' or bytes <= MAX_BYTES then return false end
  local has_groups = as_map(redis.call('XINFO', 'STREAM', key_rejected)).groups ~= 0
  return not has_groups or estimated_bytes(length) > MAX_BYTES
end

local function bound_dead_letters()
  if letters == 0 then return 0 end
  local dropped = redis.call('XTRIM', key_rejected, 'MAXLEN', MAX_LETTERS)
  for _ = 1, MAX_TRIMS do
    local length = redis.call('XLEN', key_rejected)
    if length == 0 or not are_letters_too_large(length) then break end
    dropped = dropped + redis.call('XTRIM', key_rejected, 'MAXLEN', length - math.ceil(length / 8))
  end
  return dropped
end
