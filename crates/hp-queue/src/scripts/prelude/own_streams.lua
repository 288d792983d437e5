-- The result streams of producers' own that are in use, so that their memory can be measured.
-- needs: clock
-- keys: own_streams
-- arguments: results_retention
-- offers: note_own_streams(names)  these streams were written now. Comes after that, and never fails
--
-- key_own_streams lists the streams by the time at which each expires, Unix ms.

-- A producer may use a stream for each order. Those that expire first leave the list.
local MOST_STREAMS = 10000

local function note_own_streams(names)
  if #names == 0 then return end
  local ends, scores = text(now + arg_results_retention), {}
  for _, name in ipairs(names) do scores[#scores + 1], scores[#scores + 2] = ends, name end
  redis.pcall('ZADD', key_own_streams, unpack(scores))
  redis.pcall('ZREMRANGEBYSCORE', key_own_streams, '-inf', '(' .. at)
  redis.pcall('ZREMRANGEBYRANK', key_own_streams, 0, -MOST_STREAMS - 1)
  redis.pcall('PEXPIRE', key_own_streams, arg_results_retention)
end
