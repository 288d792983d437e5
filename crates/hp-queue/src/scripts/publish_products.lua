-- Replaces the product list of the queue, unless the queue has another account.
-- needs: clock
--
-- arguments: account  the account that the list is of
-- values:    product id, JSON, ...
-- answers 1 if this list is published, else 0

local account = redis.call('HGET', key_queue, 'account')
if account and account ~= arg_account then return 0 end

local listed = { updated_at = true }
for i = FIRST_VALUE, #ARGV, 2 do listed[ARGV[i]] = true end
for _, product in ipairs(redis.call('HKEYS', key_products)) do
  if not listed[product] then redis.call('HDEL', key_products, product) end
end
for i = FIRST_VALUE, #ARGV, 2 do redis.call('HSET', key_products, ARGV[i], ARGV[i + 1]) end
redis.call('HSET', key_products, 'updated_at', at)
return 1
