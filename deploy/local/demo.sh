#!/bin/sh
# Sends 300 orders to two workers and a local sandbox of HitPoints. The sandbox loses answers and runs out of money, and one
# worker is killed half-way. Then the script compares every order with the sandbox's ledger of charges.
#
#   sh deploy/local/demo.sh           runs the demo, then stops everything
#   sh deploy/local/demo.sh --keep    keeps everything running, for orders of your own
set -eu
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
. deploy/local/services.sh
. deploy/local/watch.sh

keep=''
case ${1:-} in
'') ;;
--keep) keep=yes ;;
*) fail "Unknown argument $1. Usage: sh deploy/local/demo.sh [--keep]" ;;
esac
unset REDISCLI_AUTH

prepare() {
    heading "Build"
    need_rust
    need_redis
    need curl
    cargo build --locked -p worker -p hp-sandbox
    bin=$(cargo metadata --format-version 1 --no-deps --offline |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug
    work=$(mktemp -d "${TMPDIR:-/tmp}/hp-demo.XXXXXX")
}

clean_up() {
    trap '' INT TERM HUP
    stop_all
    rm -rf "$work"
}

start_all() {
    heading "Start"
    start_redis
    say "Redis $(redis info server | sed -n 's/redis_version:\([0-9.]*\).*/\1/p') on port $redis_port, only for this demo."
    start_sandbox --latency 100ms..300ms --balance CNY=100000 --balance USD=1500
    say "Sandbox of HitPoints at $sandbox. It answers in 100 to 300 ms."
    say "Its account has 1500 USD, which is not enough for all orders."
    start_worker first
    first=$worker_pid
    start_worker second
    second=$worker_pid
    say "Two workers, each with 8 orders at a time."
    say "If one dies, the other takes over its orders after 3 s."
}

send_orders() {
    heading "Orders"
    awk -v plan="$work/plan" -v replays="$work/replays" -v now="$(date +%s)" -f deploy/local/orders.awk >"$work/orders"
    redis <"$work/orders" >"$work/entry-ids"
    say "$(line_count "$work/orders") entries added to the Redis stream {hp}:jobs, each with one XADD command."
    watch_begin
    watch_until half_done
    kill_hard "$first"
    first=''
    announce "First worker killed with kill -9. The second worker takes over its orders."
    watch_until only_usd_open
    announce "USD balance used up: $(redis zcard '{hp}:open') orders wait. Balance set to 50000 USD."
    ask_sandbox balance -d '{"USD":"50000.00"}' >/dev/null
    watch_until none_open
    redis <"$work/replays" >>"$work/entry-ids"
    announce "$(line_count "$work/replays") finished orders sent again. The workers publish their results again."
    watch_until none_open
    watch_end
}

line_count() { wc -l <"$1" | tr -d ' '; }

# Compares what the demo sent, what Redis contains and what the sandbox charged.
check() {
    heading "Check"
    results_as "order_id product_id quantity status reason source attempts replay_of pin_count pins" >"$work/results"
    ask_sandbox "ledger?format=tsv" >"$work/ledger"
    redis zrange '{hp}:open' 0 -1 >"$work/open"
    redis --raw xrange '{hp}:rejected' - + | awk -v fields=reason -f deploy/local/entries.awk >"$work/unusable"
    leaks=$(count_leaks)
    awk -v sent="$(wc -l <"$work/entry-ids")" -v leaks="$leaks" -v keys="$(wc -l <"$work/keys")" \
        -v shop_b="$(redis xlen '{hp}:results:shop-b')" \
        -v red="$red" -v green="$green" -v normal="$normal" -f deploy/local/check.awk \
        part=plan "$work/plan" part=ledger "$work/ledger" part=results "$work/results" \
        part=open "$work/open" part=unusable "$work/unusable"
}

# Counts the lines in the workers' logs and in the order records of Redis that contain a card key.
count_leaks() {
    results_as pins | grep -o '"pin_key":"[^"]*"' | cut -d '"' -f 4 >"$work/keys"
    redis --scan --pattern '{hp}:order:*' | sed 's/.*/HGETALL "&"/' | redis --raw >"$work/records"
    cat "$work"/*.log "$work/records" | grep -c -F -f "$work/keys" || true
}

show_samples() {
    heading "Sample results"
    say "Source \"fetch\": the cards are from the first answer. Source \"query\": they are from a query after an unknown outcome."
    results_as "order_id status pin_count total_price currency source attempts pins" |
        awk -F '\t' '$3 == "completed" && NR % 60 == 1 && shown++ < 4 {
            gsub(/"pin_key":"[^"]*"/, "\"pin_key\":\"****************\"")
            card = $9
            sub(/^\[/, "", card); sub(/},.*/, "}", card); sub(/\]$/, "", card)
            printf "  %s: %s card(s) for %s %s, source %s, attempts %s\n    %s\n", $2, $4, $5, $6, $7, $8, card
        }'
}

show_next_steps() {
    heading "Next steps"
    if [ -n "$keep" ]; then
        say "Redis, the sandbox and one worker keep running. Press Ctrl-C to stop them."
        say "Redis: port $redis_port. Sandbox: $sandbox. Logs: $work"
        port=$redis_port
    else
        say "To keep everything running for orders of your own:"
        cat <<NEXT
    sh deploy/local/demo.sh --keep
NEXT
        say "Or start each part yourself, each in its own terminal:"
        cat <<NEXT
    redis-server --bind 127.0.0.1 --port 6390 --appendonly yes --dir "\$(mktemp -d)"
    $bin/hp-sandbox
    HP_API__BASE_URL=http://127.0.0.1:8700 HP_API__APP_ID=demo HP_API__APP_SECRET=demo-secret \\
      HP_REDIS__URL=redis://127.0.0.1:6390 $bin/worker run
NEXT
        port=6390
    fi
    say "Then send orders, read the results, and look at the charges:"
    cat <<NEXT
    redis-cli -p $port XADD '{hp}:jobs' '*' order_id A-1 product_id 2 quantity 3
    redis-cli -p $port XADD '{hp}:jobs' '*' order_id A-2~lost-answer product_id 31 quantity 1
    redis-cli -p $port XRANGE '{hp}:results' - +
    curl ${kept_sandbox:-http://127.0.0.1:8700}/_sandbox/ledger
NEXT
}

prepare
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
start_all
send_orders
check || { show_logs; exit 1; }
show_samples
[ -z "$keep" ] || kept_sandbox=$sandbox
show_next_steps
[ -z "$keep" ] || wait "$second" || true
