-- Reads the records of orders. Changes nothing.
-- needs: snapshot
-- flags: no-writes
--
-- values: ids
-- answers a list with the fields of each order that has a record

local snapshots = {}
for i = FIRST_VALUE, #ARGV do snapshots[#snapshots + 1] = snapshot(ARGV[i]) end
return snapshots
