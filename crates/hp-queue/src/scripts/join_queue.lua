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

local rules, has_keys = {}, false
local function is_key(name) return name:sub(1, 16) == 'results.seal_to.' end

for i = FIRST_VALUE, #ARGV, 2 do
  rules[ARGV[i]] = true
  has_keys = has_keys or is_key(ARGV[i])
end
-- A rule has a dot in its name. A worker without public keys keeps those of the queue: one worker with old settings must not
-- make all others publish cards in clear text.
local function is_outdated(name) return name:find('.', 1, true) and not rules[name] and (has_keys or not is_key(name)) end

for name in pairs(known) do
  if is_outdated(name) then redis.call('HDEL', key_queue, name) end
end
redis.call('HSET', key_queue, 'protocol', arg_protocol, 'account', arg_account, unpack(ARGV, FIRST_VALUE))
return before
