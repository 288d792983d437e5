-- Flat lists of fields and values, and errors.
-- offers: as_map(list), append(list, name, value), message_of(failure)

local function as_map(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end

local function append(list, name, value) list[#list + 1], list[#list + 2] = name, value end

-- The text of what `pcall` caught, without the place in the script.
local function message_of(failure)
  local text = type(failure) == 'table' and failure.err or tostring(failure)
  return (text:gsub('@?user_script:%d+: ?', ''))
end

