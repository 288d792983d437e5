-- Names the newest entry of the inbox without reading it: Redis would copy it, however large it is.
-- needs: record, inbox_size
-- keys: jobs
-- offers: read_newest_entry()  its id, or '' if the inbox is empty. Raises an error where Redis refuses to write

-- A group that starts after the newest entry names it.
local function newest_by_group()
  redis.call('XGROUP', 'CREATE', key_jobs, 'newest', '$')
  local groups = redis.pcall('XINFO', 'GROUPS', key_jobs)
  redis.call('XGROUP', 'DESTROY', key_jobs, 'newest')
  for _, group in ipairs(groups) do
    group = as_map(group)
    if group.name == 'newest' then return group['last-delivered-id'] end
  end
  error(groups.err)
end

local function read_newest_entry()
  if redis.call('XLEN', key_jobs) == 0 then return '' end
  local info = stream_info()
  return info and info.last_id or newest_by_group()
end

