-- look: the records of orders as they are, and what their first results say, less the cards. Changes nothing.
--
-- KEYS  1 schedule  2 results
-- ARGV  1 prefix  2 ids
-- answers a list: for each order that has a record { field, value, ... }, order_id first; besides the record's fields
--         `due_at`, when it comes due, `in_hand` if a worker may be at it, and of its first result, where that is still there, result_total_price,
--         result_currency and result_pin_count

local schedule, results, prefix = KEYS[1], KEYS[2], ARGV[1]
local TOLD = { total_price = true, currency = true, pin_count = true }
local seen = {}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 2, #ARGV do
  local id = ARGV[i]
  local fields = redis.call('HGETALL', prefix .. ':order:' .. id)
  if #fields > 0 then
    local record = {}
    for n = 1, #fields, 2 do record[fields[n]] = fields[n + 1] end
    local function add(name, value) fields[#fields + 1], fields[#fields + 2] = name, value end
    local due_at = redis.call('ZSCORE', schedule, id)
    if due_at and due_at ~= 'inf' then
      add('due_at', due_at)
      local is_in_hand = record.claim ~= record.settled and tonumber(due_at) > now
      if is_in_hand then add('in_hand', '1') end
    end
    local stream = record.reply_to or results
    local told = record.result and redis.pcall('XRANGE', stream, record.result, record.result)
    local entry = told and told[1] and told[1][2] or {}
    for n = 1, #entry, 2 do
      if TOLD[entry[n]] then add('result_' .. entry[n], entry[n + 1]) end
    end
    seen[#seen + 1] = { 'order_id', id, unpack(fields) }
  end
end
return seen
