# Converts the output of `redis-cli --raw XRANGE` to one line for each entry: the entry id, then the values of the fields
# that -v fields="a b c" names. Tabs separate the columns, and "-" stands for a missing field.
#
# Input: one line with an entry id, then a line with a field name and a line with its value, for each field.

function flush(    i, line) {
    if (entry == "") return
    line = entry
    for (i = 1; i <= count; i++) line = line "\t" (name[i] in value ? value[name[i]] : "-")
    print line
    for (i in value) delete value[i]
}

BEGIN { count = split(fields, name, " ") }

# A value may look like an entry id, so an id counts only where a field name can stand.
!has_name && /^[0-9]+-[0-9]+$/ { flush(); entry = $0; next }
!has_name { field = $0; has_name = 1; next }
{ value[field] = $0; has_name = 0 }

END { flush() }
