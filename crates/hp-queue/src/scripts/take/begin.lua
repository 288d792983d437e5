-- take: claims up to n orders: open ones whose time has come, and new ones from the inbox; or those that are named.
--
-- One script in files that run one after the other: begin, epoch, gates, entry, answer, claim, inbox, due, end.
--
-- KEYS  1 jobs  2 schedule  3 open  4 results  5 rejected  6 paused  7 epoch  8 breaker  9 rate  10 holds
-- ARGV  1 prefix
--       2 n, the most orders to claim; 0: a worker only shows what it remembers, and learns
--       3 lease, ms: a claimed order comes due by itself after it
--       4 "inbox" or "schedule": which source goes first; or "calls": no order is claimed, n calls are to be made otherwise
--       5 how long results are kept, ms
--       6 how long a request may be on its way (retry.resubmit_after), ms
--       7 how long a probe of the breaker may take, and the longest that it may be open, ms
--       8 time from one call to the next where their rate is limited, microseconds, else 0
--       9 the latest epoch that this worker knows, or ""
--      10 the latest number of a take that it knows
--      11 ids of orders to claim in whatever state they are, in place of new and due ones
-- answers { now, paused reason or "", ms until the next order comes due or -1, "more" or "", claimed,
--           epoch, number of this take, ms until more may be taken or -1, silent since or "", holds,
--           told }
--       now in Unix ms; "more" says that another take would find something to do;
--       claimed is a list of ledger records, each { field, value, field, value, ... } with order_id first;
--       that of a new order leaves out what all new ones have in common: they are `submitting`, of claim 1 and
--       attempt 1, without checks, accepted and submitted at `now`;
--       holds is { currency, Unix ms, ... }: until then a balance is known to be too low;
--       told is { id, word, ... } of orders that are named: `in_hand`, `ended`, `unknown`, "unusable: why", and what was
--       "", number: so many calls may be made now; and what was
--       mended: `forgotten` (no record, but in an index), `listed` and `scheduled` (were not, and are now), `unlisted`,
--       `without_result` (claimed to be told)
--
-- What is claimed to be submitted is stored as `submitting`, with `attempts` raised, before anybody can send it.
-- An order found in `submitting` was left there by a worker that died: it is in doubt.

local jobs, schedule, open, results, rejected, paused, epochs, breaker, rate, holds = unpack(KEYS)
local prefix, n, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local calls_only = ARGV[4] == 'calls'
local inbox_first, on_its_way = ARGV[4] == 'inbox', tonumber(ARGV[6])
local interval, known_epoch, known_take = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%d', number) end
local at, lease_ends = text(now), text(now + lease)
local trim_before = text(math.max(now - ARGV[5], 0))

-- A key that is not what it should be stops the script here, before anything has changed.
redis.call('XLEN', jobs)
redis.call('XLEN', results)
redis.call('XLEN', rejected)
redis.call('ZCARD', schedule)
redis.call('ZCARD', open)
redis.call('HLEN', holds)

