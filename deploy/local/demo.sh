#!/bin/sh
# Buys 300 orders from a local stand-in for HitPoints that loses answers and runs out of money, kills a worker half-way,
# and checks the outcome against the stand-in's own books. `sh deploy/local/demo.sh`; with --keep it all stays up.
set -eu
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
. deploy/local/services.sh
. deploy/local/watch.sh

keep=''
case ${1:-} in
'') ;;
--keep) keep=yes ;;
*) fail "usage: sh deploy/local/demo.sh [--keep]" ;;
esac
unset REDISCLI_AUTH

prepare() {
    heading "Building"
    need_rust
    need_redis
    need curl
    cargo build --release --locked -p worker -p hp-sandbox
    bin=$(cargo metadata --format-version 1 --no-deps --offline |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release
    work=$(mktemp -d "${TMPDIR:-/tmp}/hp-demo.XXXXXX")
}

clean_up() {
    trap '' INT TERM HUP
    stop_all
    rm -rf "$work"
}

start_all() {
    heading "Starting"
    start_redis
    say "Redis $(redis info server | sed -n 's/redis_version:\([0-9.]*\).*/\1/p') of its own: port $redis_port, append-only"
    start_sandbox --latency 100ms..300ms --balance CNY=100000 --balance USD=1500
    say "Sandbox: $sandbox, answers in 100 to 300 ms, holds 1500 USD: not enough"
    start_worker first
    first=$worker_pid
    start_worker second
    second=$worker_pid
    say "Two workers: 8 orders at a time each, a lease of 3 s"
}

put_in() {
    heading "Orders"
    awk -v plan="$work/plan" -v later="$work/later" -v now="$(date +%s)" -f deploy/local/orders.awk >"$work/orders"
    redis <"$work/orders" >"$work/entry-ids"
    say "$(wc -l <"$work/orders" | tr -d ' ') entries put in with plain XADD"
    watch_begin
    watch_until half_done
    kill_hard "$first"
    first=''
    tell "first worker killed with -9; the second takes over what it held"
    watch_until only_usd_open
    tell "USD account empty: $(redis zcard '{hp}:open') orders wait; topped up with 50000 USD"
    ask_sandbox balance -d '{"USD":"50000.00"}' >/dev/null
    watch_until none_open
    redis <"$work/later" >>"$work/entry-ids"
    tell "$(wc -l <"$work/later" | tr -d ' ') of the ended orders sent once more"
    watch_until none_open
    watch_end
}

# The claim, computed from what the demo put in, what Redis holds and what the sandbox charged.
check() {
    heading "Outcome"
    results_as "order_id product_id quantity status reason source attempts replay_of pin_count pins" >"$work/results"
    ask_sandbox "ledger?format=tsv" >"$work/ledger"
    redis zrange '{hp}:open' 0 -1 >"$work/open"
    redis --raw xrange '{hp}:rejected' - + | awk -v fields=reason -f deploy/local/entries.awk >"$work/unusable"
    leaks=$(count_leaks)
    awk -v sent="$(wc -l <"$work/entry-ids")" -v leaks="$leaks" -v keys="$(wc -l <"$work/keys")" \
        -v elsewhere="$(redis xlen '{hp}:results:shop-b')" \
        -v red="$red" -v green="$green" -v plain="$plain" -f deploy/local/check.awk \
        part=plan "$work/plan" part=ledger "$work/ledger" part=results "$work/results" \
        part=open "$work/open" part=unusable "$work/unusable"
}

# Lines of the workers' logs and of the ledger in Redis that show a card key.
count_leaks() {
    results_as pins | grep -o '"pin_key":"[^"]*"' | cut -d '"' -f 4 >"$work/keys"
    redis --scan --pattern '{hp}:order:*' | sed 's/.*/HGETALL "&"/' | redis --raw >"$work/records"
    cat "$work"/*.log "$work/records" | grep -c -F -f "$work/keys" || true
}

show_samples() {
    heading "Some results"
    results_as "order_id status pin_count total_price currency source attempts pins" |
        awk -F '\t' '$3 == "completed" && NR % 60 == 1 && shown++ < 4 {
            gsub(/"pin_key":"[^"]*"/, "\"pin_key\":\"****************\"")
            card = $9
            sub(/^\[/, "", card); sub(/},.*/, "}", card); sub(/\]$/, "", card)
            printf "  %s: %s card(s), %s %s, from the %s, attempts %s\n    %s\n", $2, $4, $5, $6, $7, $8, card
        }'
}

say_what_next() {
    heading "Next"
    if [ -n "$keep" ]; then
        say "All of it is up, with one worker. Redis: port $redis_port. Sandbox: $sandbox. Logs: $work"
        port=$redis_port
    else
        say "sh deploy/local/demo.sh --keep      the same, and it stays up for orders of your own"
        say "By hand, each in a terminal of its own:"
        cat <<NEXT
    redis-server --port 6390 --appendonly yes --dir "\$(mktemp -d)"
    $bin/hp-sandbox
    HP_API__BASE_URL=http://127.0.0.1:8700 HP_API__APP_ID=demo HP_API__APP_SECRET=demo-secret \\
      HP_REDIS__URL=redis://127.0.0.1:6390 $bin/worker run
NEXT
        port=6390
    fi
    say "Then"
    cat <<NEXT
    redis-cli -p $port XADD '{hp}:jobs' '*' order_id A-1 product_id 2 quantity 3
    redis-cli -p $port XADD '{hp}:jobs' '*' order_id A-2~lost-answer product_id 31 quantity 1
    redis-cli -p $port XRANGE '{hp}:results' - +
    curl ${sandbox_shown:-http://127.0.0.1:8700}/_sandbox/ledger
NEXT
}

prepare
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
start_all
put_in
check || { show_logs; exit 1; }
show_samples
[ -z "$keep" ] || sandbox_shown=$sandbox
say_what_next
[ -z "$keep" ] || { printf '\n  Ctrl-C ends it.\n'; wait "$second" || true; }
