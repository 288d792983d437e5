# shellcheck shell=sh disable=SC2154 # lib.sh sets the colours, demo.sh sets the process ids
# Shows the progress of the demo: one line that a terminal redraws, or else one line every two seconds.

limit=50

watch_begin() {
    began=$(date +%s)
    printed_at=-9
}

elapsed() { echo $(($(date +%s) - began)); }

# results_as FIELDS: prints these fields of all results, one line each, from both result streams.
results_as() {
    for stream in '{hp}:results' '{hp}:results:shop-b'; do
        redis --raw xrange "$stream" - +
    done | awk -v fields="$1" -f deploy/local/entries.awk
}

# Sets $open to the number of open orders, $ended to the number of orders with a result, and $line to the progress line.
read_progress() {
    open=$(($(redis zcard '{hp}:open') + $(redis xlen '{hp}:jobs')))
    counts=$(results_as "status replay_of" | awk -F '\t' '
        $3 == "-" && $2 != "conflict" { n[$2]++; all++ }
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
        printf '\r\033[K  %s%s%s' "$dim" "$line" "$normal"
    elif [ "$(elapsed)" -ge $((printed_at + 2)) ]; then
        printed_at=$(elapsed)
        say "$line"
    fi
}

# watch_until CONDITION: shows the progress until the condition is true.
watch_until() {
    while read_progress; draw; ! "$1"; do
        for worker in $first $second; do
            alive "$worker" || abort "A worker stopped unexpectedly."
        done
        [ "$(elapsed)" -lt $limit ] || abort "The demo did not finish within $limit seconds."
        sleep 0.3
    done
}

half_done() { [ "$ended" -ge 120 ]; }
only_usd_open() { [ "$open" -gt 0 ] && [ "$(redis zrange '{hp}:open' 0 -1 | grep -vc '^USD')" -eq 0 ]; }
none_open() { [ "$open" -eq 0 ]; }

# announce TEXT: prints an event between the lines of progress.
announce() {
    read_progress
    watch_end
    printed_at=-9
    say "$(printf '%3d s' "$(elapsed)")   $bold$1$normal"
}

watch_end() {
    [ ! -t 1 ] || printf '\r\033[K  %s%s%s\n' "$dim" "$line" "$normal"
}

abort() {
    watch_end
    check || true
    show_logs
    fail "$1"
}

show_logs() {
    for log in "$work/sandbox.log" "$work/first.log" "$work/second.log"; do
        heading "Last lines of ${log##*/}"
        tail -n 12 "$log"
    done
}
