-- How much one script copies: Redis does nothing else meanwhile.
-- offers: count_copied(list)   counts the bytes of a list of fields and values
--         has_copied_enough()  whether the script must leave the rest to the next call

local MAX_COPIED, COST_OF_AN_ENTRY = 1048576, 512
local copied = 0

local function count_copied(list)
  copied = copied + COST_OF_AN_ENTRY
  for i = 1, #list do copied = copied + #list[i] end
end

local function has_copied_enough() return copied >= MAX_COPIED end

