-- Lifts a balance hold: the balance suffices again. The orders that it holds return with the next claims.
-- needs: clock, events
--
-- arguments: scope  a currency, or a product whose currency is unknown
-- answers 1 if there was a hold, else 0

local lifted = redis.call('HDEL', key_holds, arg_scope)
redis.call('ZADD', key_held, 'XX', 0, arg_scope)
if lifted == 1 then add_event('balance.restored', nil, { scope = arg_scope }) end
return lifted
