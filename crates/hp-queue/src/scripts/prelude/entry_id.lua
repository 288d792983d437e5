-- Compares entry ids of streams. Their numbers go up to 2^64-1, and Lua's numbers are exact only up to 2^53: so the digits
-- are compared.
-- offers: is_later_entry(a, b)  whether the entry id `a` comes after `b`

local function is_larger(a, b)
  a, b = a:match('^0*(.*)$'), b:match('^0*(.*)$')
  if #a ~= #b then return #a > #b end
  return a > b
end

local function is_later_entry(a, b)
  local a_ms, a_number = a:match('^(%d+)%-(%d+)$')
  local b_ms, b_number = b:match('^(%d+)%-(%d+)$')
  if a_ms ~= b_ms then return is_larger(a_ms, b_ms) end
  return is_larger(a_number, b_number)
end

