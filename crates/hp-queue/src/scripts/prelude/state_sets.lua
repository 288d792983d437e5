-- The open orders of each state, so that their numbers can be read at once. An open order that is in no set is submitting:
-- most orders never leave that state before they end, and cost nothing here.
-- keys: states
-- offers: note_state(id, was, is)  an order has changed its state; `was` is nil or false if it is new
--         note_any_state(id, is)   its state is `is`, whatever the sets say; "" if it is not open
--         store_states()           stores what was noted. Comes after the records have changed, and never fails
--
-- key_states:<state> has the ids. Each change moves an id in the same step as the record, so a repeated call changes nothing,
-- and a set that another program has changed is right again after the next reconciliation run.

local IN_SETS = { queued = true, uncertain = true, waiting = true, review = true }
local ANY = 'any'
-- Lua cannot pass very many values at once.
local PAGE = 1000

local state_before, state_after = {}, {}

local function note_state(id, was, is)
  if not (IN_SETS[was] or IN_SETS[is]) then return end
  state_before[id] = state_before[id] or was or ''
  state_after[id] = is
end

local function note_any_state(id, is) state_before[id], state_after[id] = ANY, is end

local function in_pages(ids, change)
  for first = 1, #ids, PAGE do change(unpack(ids, first, math.min(first + PAGE - 1, #ids))) end
end

local function store_states()
  if next(state_after) == nil then return end
  for state in pairs(IN_SETS) do
    local left, entered = {}, {}
    for id, is in pairs(state_after) do
      local was = state_before[id]
      if is ~= state and (was == state or was == ANY) then left[#left + 1] = id end
      if is == state and was ~= state then entered[#entered + 1] = id end
    end
    local set = key_states .. ':' .. state
    in_pages(left, function(...) redis.pcall('SREM', set, ...) end)
    in_pages(entered, function(...) redis.pcall('SADD', set, ...) end)
  end
end
