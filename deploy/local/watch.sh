# shellcheck shell=sh disable=SC2154 # colours come from lib.sh, the workers' numbers from the demo
# The demo's progress: one line, redrawn on a terminal; elsewhere a line every two seconds.

limit=50

watch_begin() {
    began=$(date +%s)
    said_at=-9
}

elapsed() { echo $(($(date +%s) - began)); }

# results_as FIELDS: all results, on whichever stream, a line each.
results_as() {
    for stream in '{hp}:results' '{hp}:results:shop-b'; do
        redis --raw xrange "$stream" - +
    done | awk -v fields="$1" -f deploy/local/entries.awk
}

# What there is so far, in one line: "open 143  completed 120 ...", and in $ended how many orders have a result.
look() {
    open=$(($(redis zcard '{hp}:open') + $(redis xlen '{hp}:jobs')))
    counts=$(results_as "status replay_of reason" | awk -F '\t' '
        $3 == "-" && $4 != "order_id_conflict" { n[$2]++; all++ }
        END {
            printf "%d ", all
            split("completed failed rejected expired", words, " ")
            for (i = 1; i <= 4; i++) printf "   %s %3d", words[i], n[words[i]]
        }')
    ended=${counts%% *}
    line=$(printf '%3d s   open %3d%s' "$(elapsed)" "$open" "${counts#* }")
}

draw() {
    if [ -t 1 ]; then
        printf '\r\033[K  %s%s%s' "$dim" "$line" "$plain"
    elif [ "$(elapsed)" -ge $((said_at + 2)) ]; then
        said_at=$(elapsed)
        say "$line"
    fi
}

# watch_until CONDITION
watch_until() {
    while look; draw; ! "$1"; do
        for worker in $first $second; do
            alive "$worker" || give_up "A worker ended by itself."
        done
        [ "$(elapsed)" -lt $limit ] || give_up "Not done after $limit seconds."
        sleep 0.3
    done
}

half_done() { [ "$ended" -ge 120 ]; }
only_usd_open() { [ "$open" -gt 0 ] && [ "$(redis zrange '{hp}:open' 0 -1 | grep -vc '^USD')" -eq 0 ]; }
none_open() { [ "$open" -eq 0 ]; }

# A line of its own between the lines of progress.
tell() {
    look
    watch_end
    said_at=-9
    say "$(printf '%3d s' "$(elapsed)")   $bold$1$plain"
}

watch_end() {
    [ ! -t 1 ] || printf '\r\033[K  %s%s%s\n' "$dim" "$line" "$plain"
}

give_up() {
    watch_end
    check || true
    show_logs
    fail "$1"
}

show_logs() {
    for log in "$work/sandbox.log" "$work/first.log" "$work/second.log"; do
        heading "The end of ${log##*/}"
        tail -n 12 "$log"
    done
}
