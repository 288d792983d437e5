-- The repetitions that wait for a copy of a result, in a list of their order.
-- needs: copied
-- offers: count_waiting(list)
--         add_to(stream, ...)  the id of a new entry with these fields, or an error
--         answer_waiting(list, stream, make)

local function count_waiting(list) return redis.call('LLEN', list) end

local function add_to(stream, ...) return redis.pcall('XADD', stream, '*', ...) end

local PAGE_OF_WAITING = 64

-- Adds what `make(words, first)` returns for each repetition that waits, for the first ones if there are many; if none waits,
-- for the first job. Returns the entry id of the first, or an error, and how many repetitions have an answer.
local function answer_waiting(list, stream, make)
  local first, answered = nil, 0
  repeat
    local page = redis.call('LRANGE', list, answered, answered + PAGE_OF_WAITING - 1)
    if answered == 0 and #page == 0 then page[1] = cmsgpack.pack({}) end
    for _, words in ipairs(page) do
      if answered > 0 and has_copied_enough() then return first, answered end
      local fields = make(cmsgpack.unpack(words), first)
      local entry = add_to(stream, unpack(fields))
      first = first or entry
      if type(entry) == 'table' then return first, answered end
      count_copied(fields)
      answered = answered + 1
    end
  until #page < PAGE_OF_WAITING
  return first, answered
end
