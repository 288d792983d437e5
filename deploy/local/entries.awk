# Turns what `redis-cli --raw XRANGE` prints (an entry id, then field and value in turn, a line each) into a line for
# each entry: its id and the fields named in -v fields="a b c", with tabs between and "-" for one that is not there.

function flush(    i, line) {
    if (entry == "") return
    line = entry
    for (i = 1; i <= count; i++) line = line "\t" (name[i] in value ? value[name[i]] : "-")
    print line
    for (i in value) delete value[i]
}

BEGIN { count = split(fields, name, " ") }

# Only where a field's name would stand: values may look like an entry id.
!has_name && /^[0-9]+-[0-9]+$/ { flush(); entry = $0; next }
!has_name { field = $0; has_name = 1; next }
{ value[field] = $0; has_name = 0 }

END { flush() }
