-- Replaces the product list of the queue, unless the queue has another account.
-- needs: clock
--
-- arguments: account  the account that the list is of
-- values:    product id, JSON, ...
-- answers 1 if this list is published, else 0

local account = redis.call('HGET', key_queue, 'account')
if account and account ~= arg_account then return 0 end

-- This comes first: a full Redis refuses it before anything has changed.
redis.call('HSET', key_products, 'updated_at', at)
redis.call('DEL', key_products)
redis.call('HSET', key_products, 'updated_at', at)
for i = FIRST_VALUE, #ARGV, 2 do redis.call('HSET', key_products, ARGV[i], ARGV[i + 1]) end
return 1
