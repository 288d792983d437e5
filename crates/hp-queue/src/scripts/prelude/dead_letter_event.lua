-- Reports dead letters, in one event a minute at most.
-- needs: clock, events
-- keys: inbox
-- offers: report_dead_letters(new)  counts this many more, and reports all unreported ones, if it is time
--
-- key_inbox: unreported   how many dead letters no event has reported
--            reported_at  when the last event was written, Unix ms

local INTERVAL = 60000

local function report_dead_letters(new)
  local unreported = redis.call('HINCRBY', key_inbox, 'unreported', text(new))
  local reported_at = tonumber(redis.call('HGET', key_inbox, 'reported_at') or nil) or 0
  -- A time that is still to come was stored before the clock was set back.
  if reported_at <= now and now - reported_at < INTERVAL then return end
  redis.call('HSET', key_inbox, 'unreported', '0', 'reported_at', at)
  add_event('job.dead_letter', nil, { count = unreported })
end
