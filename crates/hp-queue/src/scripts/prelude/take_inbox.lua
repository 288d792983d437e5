-- Takes entries out of the inbox. New orders of a page are admitted together, after one look at all of their records.
-- Whatever else an entry is, it is received alone.
-- needs: clock, keys, record, present_epoch, claim, admit, inbox_size, inbox_count
-- keys: jobs
-- offers: claim_inbox(n)  takes the oldest entries, so that one trim removes them all. Returns whether the inbox may hold more
--         entries_taken()            how many it has taken, and why the next one cannot be taken, if so
--         has_received()             whether an entry was received that may be no new order
--         remove_entries(inbox)      those that were taken
--         replays_published()        see published_replays in prelude/replay.lua
--         dead_letters_received()    how many entries have become dead letters
--         bound_what_was_received()  keeps the dead letters few. Returns how many it has dropped

local taken, last_entry, stuck = 0, nil, nil

-- New orders that wait to be admitted together: their ids, also as a set, the keys of their records, and their jobs if these
-- are more than an order, a product and a quantity.
local ids, is_waiting, record_keys, jobs, waiting = {}, {}, {}, {}, {}

local receiver

local function make_receiver()
  -- here: receive
  receiver = {
    read = read_sound_job, receive = receive, count_copied = count_copied, has_copied_enough = has_copied_enough,
    dead_letters = dead_letters, bound_dead_letters = bound_dead_letters, published_replays = published_replays,
  }
  return receiver
end

local function has_received() return receiver ~= nil end

-- While Redis may have forgotten orders, each entry is received alone. The entries are in order, so the first one shows it
-- for all.
local function is_nothing_forgotten(entry_id)
  if epoch.since == 0 then return true end
  if epoch.closed ~= '1' then return false end
  -- here: entry_id
  return is_later_entry(entry_id, epoch.boundary)
end

local function must_stop() return stuck or receiver and receiver.has_copied_enough() end

local function receive_alone(entry)
  stuck = (receiver or make_receiver()).receive(entry[1], entry[2])
  if not stuck then taken, last_entry = taken + 1, entry[1] end
end

local function receive_each(entries)
  for _, entry in ipairs(entries) do
    receive_alone(entry)
    if must_stop() then return end
  end
end

local function admit_plain(i, entry)
  local job, fields = jobs[i], entry[2]
  if job then
    admit(ids[i], record_keys[i], job.product_id, job.quantity, 0, job, entry[1])
  else
    admit(ids[i], record_keys[i], fields[4], fields[6], 0, nil, entry[1])
  end
end

-- If one of the orders has a record, each entry is received alone. So is one that cannot be admitted: it stops no other.
local function admit_waiting()
  if #ids == 0 then return end
  if redis.call('EXISTS', unpack(record_keys)) > 0 then
    receive_each(waiting)
  else
    for i, entry in ipairs(waiting) do
      if pcall(admit_plain, i, entry) then
        taken, last_entry = taken + 1, entry[1]
      else
        receive_alone(entry)
      end
      if stuck then break end
    end
  end
  ids, is_waiting, record_keys, jobs, waiting = {}, {}, {}, {}, {}
end

-- Whether the entry is an order, a product and a quantity, in the common order and without fault.
local function is_plain(fields)
  if #fields ~= 6 or fields[1] ~= 'order_id' or fields[3] ~= 'product_id' or fields[5] ~= 'quantity' then return false end
  local id, product_id, quantity = fields[2], fields[4], fields[6]
  return #id <= 50 and #product_id <= 15 and #quantity <= 4 and id:find('^[\33-\126]+$')
    and product_id:find('^[1-9]%d*$') and quantity:find('^[1-9]%d*$')
end

local function wait_for_others(entry, id, job)
  local n = #ids + 1
  ids[n], is_waiting[id], record_keys[n], jobs[n], waiting[n] = id, true, order_key(id), job, entry
end

local function take(entry, may_wait)
  local fields, job = entry[2], false
  if not is_plain(fields) then job = (receiver or make_receiver()).read(fields) end
  local id = job and job.order_id or fields[2]
  if may_wait and job ~= nil and not is_waiting[id] then
    wait_for_others(entry, id, job)
  else
    admit_waiting()
    if must_stop() then return end
    receive_alone(entry)
  end
  if job ~= false then receiver.count_copied(fields) end
end

local function take_page(page, may_wait)
  for _, entry in ipairs(page) do
    take(entry, may_wait)
    if must_stop() then break end
  end
  admit_waiting()
end

local function claim_inbox(n)
  if n <= 0 then return false end
  local start, may_wait, per_read = '-', nil, entries_per_read(n)
  repeat
    local count = math.min(n, per_read)
    -- Nothing follows the largest id, and a range after it is an error.
    local page = redis.pcall('XRANGE', key_jobs, start, '+', 'COUNT', count)
    if #page == 0 then return false end
    if may_wait == nil then may_wait = is_nothing_forgotten(page[1][1]) end
    take_page(page, may_wait)
    if must_stop() then return not stuck end
    if #page < count then return false end
    n, start = n - count, '(' .. last_entry
  until n == 0
  return true
end

local function repair_if_used_up()
  -- here: inbox
  if is_largest_time(last_entry) then repair_inbox() end
end

-- The id that follows, unless its number is too large for Lua.
local function id_after(ms, number) return #number <= 15 and ms .. '-' .. text(number + 1) or nil end

local function remove_entries(inbox)
  if not last_entry then return end
  local ms, number = last_entry:match('^(%d+)%-(%d+)$')
  local next_id = id_after(ms, number)
  -- inbox_count knows a stream by an entry that was deleted by its id. Once is enough.
  if not next_id or inbox and inbox.deleted == '0-0' then
    redis.call('XDEL', key_jobs, last_entry)
    if inbox then inbox.deleted = last_entry end
  end
  redis.call('XTRIM', key_jobs, 'MINID', '=', next_id or last_entry)
  if #ms == 20 then repair_if_used_up() end
end

-- Lua would keep large entries for some more calls.
local function free_entries() collectgarbage() end

local function bound_what_was_received()
  if not receiver then return 0 end
  if receiver.has_copied_enough() then pcall(free_entries) end
  -- The entries have left the inbox: nothing may fail now.
  local ok, dropped = pcall(receiver.bound_dead_letters)
  return ok and dropped or 0
end

local function replays_published() return receiver and receiver.published_replays() end

local function dead_letters_received() return receiver and receiver.dead_letters() or 0 end

local function entries_taken() return taken, stuck end
