-- The beginning of scripts that have to know which life of Redis this is.

-- A restart gives a new run id; a promotion remembers, as the second replication id, whom it took over from.
local function server_id()
  local info = redis.call('INFO', 'server', 'replication')
  local function start_of(name)
    local _, last = info:find(name, 1, true)
    return last and info:sub(last + 1, last + 10) or ''
  end
  return start_of('\nrun_id:') .. '-' .. start_of('\nmaster_replid2:')
end

