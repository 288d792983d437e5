-- What was charged today, by currency.
-- needs: clock, today
-- keys: spent
-- offers: add_charge(currency, minor_units)  of an order that ends as charged
--         store_charges()                    stores what was added. Comes after the records have changed, and never fails
--
-- key_spent: <day>:<currency>  minor units, of today and of the day before

local MOST_CURRENCIES = 32
-- A currency that HitPoints did not name, and those above the limit.
local UNKNOWN = 'unknown'

local charges = {}

local function add_charge(currency, minor_units)
  currency = currency ~= '' and currency or UNKNOWN
  charges[currency] = (charges[currency] or 0) + minor_units
end

-- Makes room for another currency. Returns whether there is any.
local function make_room()
  local fields, of_today = redis.call('HGETALL', key_spent), 0
  for i = 1, #fields, 2 do
    local day = fields[i]:match('^(%d+):')
    if day == TODAY then of_today = of_today + 1 end
    if not day or tonumber(day) < TODAY - 1 then redis.call('HDEL', key_spent, fields[i]) end
  end
  return of_today < MOST_CURRENCIES
end

local function store_charge(currency, minor_units)
  local field = TODAY .. ':' .. currency
  local is_new = not redis.call('HGET', key_spent, field)
  if is_new and not make_room() then field = TODAY .. ':' .. UNKNOWN end
  redis.call('HINCRBY', key_spent, field, text(minor_units))
  if is_new then redis.call('PEXPIRE', key_spent, 2 * DAY) end
end

local function store_charges()
  for currency, minor_units in pairs(charges) do pcall(store_charge, currency, minor_units) end
end
