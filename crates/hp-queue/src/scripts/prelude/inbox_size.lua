-- How much a read of the inbox copies. Redis gives whole entries to a script, and one may have a gigabyte. So the memory of
-- the stream says first how large its entries may be.
-- needs: record
-- keys: jobs
-- offers: stream_info() -> nil if there is no stream; false if its first entry may be large, because Redis copies it along; or
--           length, added (how many entries there are, and were ever added), first_id, last_id, deleted (the largest id that was
--           ever deleted with XDEL; 0-0: none), nodes (parts of the stream)
--         entries_per_read(n)  how many of the next `n` entries may be read at once

-- A script that copies so much keeps Redis busy for some milliseconds.
local MAX_READ = 4194304
-- The most entries of one node, unless Redis is configured otherwise. A large entry has a node of its own.
local NODE_ENTRIES = 100
local PAGE = 16

local samples = {}

-- Redis takes the average of the first `n` nodes for the size of each but the last.
local function memory_of(n)
  samples[n] = samples[n] or redis.pcall('MEMORY', 'USAGE', key_jobs, 'SAMPLES', n) or 0
  -- A user without the right to it gets an error.
  return type(samples[n]) == 'number' and samples[n] or math.huge
end

-- Returns whether the first `n` entries are certainly small, if the stream has at least so many nodes.
local function are_small(n, nodes) return math.min(1, n / math.max(nodes - 1, 1)) * memory_of(n) <= MAX_READ end

local function fewest_nodes() return math.ceil(redis.call('XLEN', key_jobs) / NODE_ENTRIES) end

local known_info

-- The full form has no last entry, in contrast to the short one.
local function read_info()
  local info = redis.call('XINFO', 'STREAM', key_jobs, 'FULL', 'COUNT', 1)
  info = as_map(info)
  return {
    length = info.length, nodes = info['radix-tree-keys'], last_id = info['last-generated-id'],
    deleted = info['max-deleted-entry-id'], added = info['entries-added'],
    first_id = info.entries and info.entries[1] and info.entries[1][1],
  }
end

local function stream_info()
  if known_info ~= nil then return known_info end
  if memory_of(1) == 0 then return nil end
  known_info = (are_small(1, 1) or are_small(1, fewest_nodes())) and read_info()
  return known_info
end

local function entries_per_read(n)
  if are_small(n, 1) or are_small(n, fewest_nodes()) then return PAGE end
  local info = stream_info()
  return info and are_small(n, info.nodes) and PAGE or 1
end
