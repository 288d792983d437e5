-- The answers to a repetition of an ended order.
-- needs: clock, record
-- offers: copy_for(words, result)  the fields of a result, with the repetition's own `meta` and `traceparent` if it has them
--         answer_to(job, status, reason, detail)  the fields of an answer that speaks of one entry of the inbox only
--         UNWRITABLE  the detail of an answer in place of a copy

local UNWRITABLE = 'the stream of the first job cannot be written, and the result is published nowhere else'

local function copy_for(words, result)
  local copy, own = {}, { meta = words.meta, traceparent = words.traceparent }
  for i = 1, #result, 2 do
    local name = result[i]
    append(copy, name, own[name] or result[i + 1])
    own[name] = nil
  end
  for name, value in pairs(own) do append(copy, name, value) end
  return copy
end

local MAX_META, MAX_SHOWN = 4096, 256

-- Cuts between two characters.
local function shown(value)
  if not value or #value <= MAX_SHOWN then return value or '' end
  return (value:sub(1, MAX_SHOWN):gsub('[\194-\244][\128-\191]*$', ''))
end

local function short(value, longest) return value and #value <= longest and value or nil end

local function answer_to(job, status, reason, detail)
  local words = { meta = short(job.meta, MAX_META), traceparent = short(job.traceparent, MAX_SHOWN) }
  return copy_for(words, {
    'order_id', job.order_id, 'product_id', shown(job.product_id), 'quantity', shown(job.quantity),
    'status', status, 'reason', reason, 'detail', detail, 'source', 'worker', 'attempts', '0',
    'accepted_at', at, 'finished_at', at,
  })
end

