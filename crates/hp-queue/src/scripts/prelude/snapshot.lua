-- Reads the records of orders. Changes nothing.
-- needs: clock, keys, record
-- keys: schedule
-- offers: snapshot(id) -> { field, value, ... } or nil, the record as a map
--           with order_id first, `due_at` if the order is scheduled, and `is_claimed` if a worker may be processing it

local function snapshot(id)
  local fields = redis.call('HGETALL', order_key(id))
  if #fields == 0 then return nil end
  local record = as_map(fields)
  local due_at = redis.call('ZSCORE', key_schedule, id)
  if due_at and due_at ~= 'inf' then
    append(fields, 'due_at', due_at)
    if record.claim ~= record.settled and is_ahead(due_at, LONGEST_LEASE) then append(fields, 'is_claimed', '1') end
  end
  return { 'order_id', id, unpack(fields) }, record
end

