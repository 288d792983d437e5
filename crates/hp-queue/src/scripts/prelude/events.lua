-- What an operator should know: each event is written in the same step as the change that it reports.
-- needs: clock
-- keys: events
-- offers: add_event(event, order_id, detail)  `order_id` is nil if the event concerns no single order; `detail` is a map

-- The stream keeps about this many events.
local MAX_EVENTS = 10000

-- Comes after the change. An event that cannot be written, because another program uses the key, must not stop orders.
local function add_event(event, order_id, detail)
  local fields = { 'event', event, 'at', at, 'detail', cjson.encode(detail) }
  if order_id then fields[#fields + 1], fields[#fields + 2] = 'order_id', order_id end
  redis.pcall('XADD', key_events, 'MAXLEN', '~', MAX_EVENTS, '*', unpack(fields))
end
