-- look: the records of orders as they are. Changes nothing.
--
-- KEYS  1 schedule
-- ARGV  1 prefix  2 ids
-- answers a list: for each order that has a record { field, value, ... }, order_id first; besides the record's fields
--         `due_at`, when it comes due, and `in_hand` if a worker may be at it

local schedule, prefix = KEYS[1], ARGV[1]
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
    seen[#seen + 1] = { 'order_id', id, unpack(fields) }
  end
end
return seen
