-- hold: puts off the orders of a currency whose balance is too low. One worker at a time gets it, and with that the
-- right to try one order.
--
-- KEYS  1 holds
-- ARGV  1 currency  2 the end of the hold as the worker knows it, Unix ms, or "" for whatever there is
--       3 for how long it holds on, ms
-- answers 1, or 0 if the hold is not what the worker believes; one that is no more is not set again

local until_now = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] ~= '' then
  if not until_now then return 1 end
  if until_now ~= ARGV[2] then return 0 end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[3]))
return 1
