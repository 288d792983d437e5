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

local function answer_to(job, status, reason, detail)
  return copy_for(job, {
    'order_id', job.order_id, 'product_id', job.product_id or '', 'quantity', job.quantity or '',
    'status', status, 'reason', reason, 'detail', detail, 'source', 'worker', 'attempts', '0',
    'accepted_at', at, 'finished_at', at,
  })
end

