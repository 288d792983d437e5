-- Replaces the product list of the queue, unless the queue has another account.
-- needs: clock, spent
--
-- arguments: account  the account that the list is of
--            currencies  of the products, separated by spaces: what was charged in each can be read at once, if only zero
-- values:    product id, JSON, ...
-- answers 1 if this list is published, else 0

local account = redis.call('HGET', key_queue, 'account')
if account and account ~= arg_account then return 0 end

-- This comes first: a full Redis refuses it before anything has changed.
redis.call('HSET', key_products, 'updated_at', at)
redis.call('DEL', key_products)
redis.call('HSET', key_products, 'updated_at', at)
for i = FIRST_VALUE, #ARGV, 2 do redis.call('HSET', key_products, ARGV[i], ARGV[i + 1]) end
for currency in arg_currencies:gmatch('%S+') do add_charge(currency, 0) end
store_charges()
return 1
