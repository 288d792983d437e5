-- The keys that belong to one order. They are in the slot of the declared keys, because all start with one prefix.
-- arguments: prefix
-- offers: order_key(id), replays_key(id)

local function order_key(id) return arg_prefix .. ':order:' .. id end

local function replays_key(id) return arg_prefix .. ':replays:' .. id end

