-- Reads an entry of the inbox, by the rules of the queue protocol.
-- arguments: prefix
-- offers: read_job(entry) -> its fields, and `twice`: the names of fields that are given twice, as a list and as a set
--         job_fault(job) -> what is wrong, in words, or nil
--         is_order_id(value), is_reply_to(value)

local MAX_INTEGER = 9007199254740991
-- The year 2001, Unix ms.
local EARLIEST_DEADLINE = 978307200000
local KNOWN = {
  order_id = true, product_id = true, quantity = true, deadline = true,
  reply_to = true, meta = true, traceparent = true,
}

local function read_job(entry)
  local twice = {}
  local job = { twice = twice }
  for i = 1, #entry, 2 do
    local name = entry[i]
    if KNOWN[name] then
      if job[name] then twice[#twice + 1], twice[name] = name, true end
      job[name] = entry[i + 1]
    end
  end
  return job
end

local function is_integer(value, max)
  return value ~= nil and #value <= 16 and value:find('^[1-9]%d*$') ~= nil and tonumber(value) <= max
end

local MAX_TRACEPARENT = 256

local function is_traceparent(value)
  if #value > MAX_TRACEPARENT then return false end
  local version, trace, parent, flags, rest = value:match('^(%x%x)%-(%x+)%-(%x+)%-(%x%x)(.*)$')
  return version ~= nil and #trace == 32 and #parent == 16 and not value:sub(1, 55):find('%u')
    and version ~= 'ff' and trace:find('[^0]') ~= nil and parent:find('[^0]') ~= nil
    and (rest == '' or (version ~= '00' and rest:find('^%-[\33-\126]+$') ~= nil and #rest <= 128))
end

local function is_reply_to(value)
  local start = arg_prefix .. ':results:'
  if #value > #start + 64 then return false end
  local name = value:sub(#start + 1)
  return value:sub(1, #start) == start and #name <= 64 and name:find('^[%w_.-]+$') ~= nil
end

local function is_order_id(value)
  return value ~= nil and #value <= 50 and value:find('^[\33-\126]+$') ~= nil
end

local function reply_to_fault(reply_to)
  if not is_reply_to(reply_to) then
    return 'reply_to must be ' .. arg_prefix .. ':results:<name>, the name 1 to 64 of A-Z a-z 0-9 _ . -'
  end
  local kind = redis.call('TYPE', reply_to).ok
  if kind ~= 'none' and kind ~= 'stream' then return 'reply_to holds a ' .. kind .. ', not a stream' end
end

-- Seconds, microseconds and nanoseconds of a time after the year 2001 have another number of digits.
local function deadline_fault(deadline)
  if #deadline > 64 or not deadline:find('^%d+$') then return 'deadline must be a time in Unix milliseconds' end
  local unit, milliseconds
  if #deadline <= 15 and tonumber(deadline) >= EARLIEST_DEADLINE then return end
  if #deadline <= 11 and tonumber(deadline) * 1000 >= EARLIEST_DEADLINE then
    unit, milliseconds = 'seconds', deadline .. '000'
  elseif #deadline == 16 then
    unit, milliseconds = 'microseconds', deadline:sub(1, 13)
  elseif #deadline == 19 then
    unit, milliseconds = 'nanoseconds', deadline:sub(1, 13)
  end
  local fault = 'deadline must be Unix milliseconds: ' .. deadline:sub(1, 30)
  if unit then return fault .. ' looks like ' .. unit .. '; did you mean ' .. milliseconds .. '?' end
  return fault .. (#deadline <= 15 and ' is before the year 2001' or ' has more than 15 digits')
end

local function job_fault(job)
  if job.twice[1] then return job.twice[1] .. ' is given twice' end
  if not is_integer(job.product_id, MAX_INTEGER) then
    return 'product_id must be a whole number from 1 to 9007199254740991'
  end
  if not is_integer(job.quantity, 10000) then return 'quantity must be a whole number from 1 to 10000' end
  local fault = job.deadline and deadline_fault(job.deadline)
  if fault then return fault end
  if job.meta and #job.meta > 4096 then return 'meta must not be longer than 4096 bytes' end
  if job.traceparent and not is_traceparent(job.traceparent) then
    return 'traceparent must be of the form of W3C Trace Context'
  end
  return job.reply_to and reply_to_fault(job.reply_to)
end

