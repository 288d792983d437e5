-- Stores the account and the rules of a worker that joins the queue, unless the queue has another account or belongs to a
-- newer program.
-- needs: record
--
-- arguments: account, protocol
--            mode  "own_rules": the worker's rules replace those of the queue
--                  "if_forgotten": they count only if the queue has none
-- values:    name, value, ... of the rules
-- answers { name, value, ... }: the hash as it was before

local before = redis.call('HGETALL', key_queue)
local known = as_map(before)
if tonumber(known.protocol or 0) > tonumber(arg_protocol) then return before end
if known.account and known.account ~= arg_account then return before end
if arg_mode == 'if_forgotten' and known.account then return before end

local rules = {}
for i = FIRST_VALUE, #ARGV, 2 do rules[ARGV[i]] = true end
for name in pairs(known) do
  -- A rule has a dot in its name.
  if name:find('.', 1, true) and not rules[name] then redis.call('HDEL', key_queue, name) end
end
redis.call('HSET', key_queue, 'protocol', arg_protocol, 'account', arg_account, unpack(ARGV, FIRST_VALUE))
return before
