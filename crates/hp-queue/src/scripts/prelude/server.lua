-- The life of this Redis server.
-- offers: server_id(), which differs after a restart (a new run id) and after a promotion (the second replication id
--         names the master before)
--         run_of(server), the part that differs after a restart
--         is_promoted(server), whether that server was a replica before

local function server_id()
  local info = redis.call('INFO', 'server', 'replication')
  local function start_of(name)
    local _, last = info:find(name, 1, true)
    return last and info:sub(last + 1, last + 10) or ''
  end
  return start_of('\nrun_id:') .. '-' .. start_of('\nmaster_replid2:')
end

-- A server that starts has no second replication id.
local function is_promoted(server) return server:find('%-0*$') == nil end

local function run_of(server) return server:match('^[^-]*') end
