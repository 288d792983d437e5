-- renew: puts off the end of a lease.
--
-- KEYS  1 the order's record  2 schedule
-- ARGV  1 order_id  2 claim  3 epoch of the claim  4 lease, ms
-- answers 1, or 0 if the claim is no longer the current one or the order has been settled

local was = redis.call('HMGET', KEYS[1], 'claim', 'epoch', 'settled')
if was[1] ~= ARGV[2] or (was[2] or '') ~= ARGV[3] then return 0 end
if was[3] == was[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], string.format('%d', now + tonumber(ARGV[4])), ARGV[1])
return 1
