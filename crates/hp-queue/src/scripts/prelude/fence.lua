-- Whether this process may call HitPoints for the queue: account and protocol.
-- needs: answer
-- keys: queue
-- arguments: account, protocol
-- offers: is_fenced()        if so, it reports `other_account` or `newer_protocol`
--         previous_account, switched_steady  the account before the last switch, and the steady time of the switch

local terms = redis.call('HMGET', key_queue, 'account', 'protocol', 'previous_account', 'switched_steady')
local previous_account, switched_steady = terms[3], tonumber(terms[4] or nil) or 0

-- A worker may run on while the account of the queue is switched, or while newer workers start.
local function is_fenced()
  if terms[1] and terms[1] ~= arg_account then
    report('other_account', terms[1])
    return true
  end
  if (tonumber(terms[2] or 0) or math.huge) <= tonumber(arg_protocol) then return false end
  report('newer_protocol', terms[2])
  return true
end
