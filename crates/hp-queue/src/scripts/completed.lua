-- completed: the newest completed orders of the common result stream, less the cards. Changes nothing.
--
-- KEYS  1 results
-- ARGV  1 how many entries to look through  2 how many orders are enough
-- answers a list, newest first: { 'order_id', id, 'product_id', product, 'quantity', quantity }

local most, enough = tonumber(ARGV[1]), tonumber(ARGV[2])
local from, seen = '+', {}

-- One by one: an entry may hold ten thousand cards.
for _ = 1, most do
  local entry = redis.call('XREVRANGE', KEYS[1], from, '-', 'COUNT', 1)[1]
  if not entry or #seen == enough then break end
  from = '(' .. entry[1]
  local told = {}
  for n = 1, #entry[2], 2 do told[entry[2][n]] = entry[2][n + 1] end
  if told.status == 'completed' then
    local id, product, quantity = told.order_id or '', told.product_id or '', told.quantity or ''
    seen[#seen + 1] = { 'order_id', id, 'product_id', product, 'quantity', quantity }
  end
end
return seen
