-- The answer of a script by name: { name, value, name, value, ... }.
-- offers: answer, report(name, value) which leaves out an absent value

local answer = {}

local function report(name, value)
  if value then answer[#answer + 1], answer[#answer + 2] = name, value end
end

