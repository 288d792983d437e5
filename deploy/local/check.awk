# Compares the results of the demo with its orders and with the sandbox's ledger. Exits 1 if a check fails.
#
#   awk -f check.awk part=plan PLAN part=ledger LEDGER part=results RESULTS part=open OPEN part=unusable UNUSABLE
#
#   plan      id, product, quantity, status, reason, kind                       (orders.awk)
#   ledger    id, product, quantity, times charged, total                       (sandbox)
#   results   entry, id, product, quantity, status, reason, source, attempts,
#             replay_of, pin_count, pins                                        (entries.awk)
#   open      one line for each open order: its id
#   unusable  one line for each entry of the stream of rejected entries
#
#   -v sent=N     number of entries in the queue
#   -v shop_b=N   number of results in the stream that one order names in `reply_to`
#   -v leaks=N    number of lines with a card key where none may be
#   -v keys=N     number of card keys that were searched for
#   -v red=TEXT -v green=TEXT -v normal=TEXT   terminal colours

BEGIN { FS = "\t" }

# Orders -----------------------------------------------------------------------------------------------------

part == "plan" && $6 == "conflict" { conflicts_expected[$1]++; conflicts++; next }
part == "plan" && $6 == "repeat"   { repeats++; replays_max[$1]++; next }
part == "plan" && $6 == "replay"   { repeats++; replays_max[$1]++; replays_min[$1]++; next }
part == "plan" {
    orders++
    ids[orders] = $1
    product[$1] = $2; quantity[$1] = $3; status[$1] = $4; reason[$1] = $5; kind[$1] = $6
}

# Charges ----------------------------------------------------------------------------------------------------

part == "ledger" {
    charges += $4
    times[$1] = $4
    if ($4 != 1) { twice++; report($1, "was charged " $4 " times") }
    if (!($1 in status)) report($1, "was charged, but is not in the list of orders")
    else if (status[$1] != "completed") report($1, "was charged, but its expected status is " status[$1])
    else if ($2 != product[$1] || $3 != quantity[$1])
        report($1, "was charged as " $3 " of product " $2 ", but the order is " quantity[$1] " of " product[$1])
}

# Results ----------------------------------------------------------------------------------------------------

part == "results" && !($2 in status)           { report($2, "has a result, but is not in the list of orders"); next }
part == "results" && $5 == "conflict"          { conflicts_seen[$2]++; next }
part == "results" && $9 != "-"                 { replays++; replayed[$2]++; replay_of[$1] = $9; check_cards($2); next }
part == "results" {
    results[$2]++
    entry[$2] = $1
    by_status[$5]++
    if ($5 != status[$2] || $6 != reason[$2])
        report($2, "is " $5 " (" $6 "), expected " status[$2] " (" reason[$2] ")")
    if ($5 == "completed") by_source[$7]++
    if (kind[$2] == "good" && ($7 == "query" || $8 > 1)) taken_over++
    check_cards($2, "first")
}

part == "open" && $1 != "" { open++; report($1, "is still open") }
part == "unusable"         { unusable++ }

# Checks that a result has as many cards as ordered, and that no other order has one of these cards.
function check_cards(id, first,    rows, i, sn) {
    if ($5 != "completed") return
    rows = split($11, sn, /"pin_sn":"/) - 1
    cards += rows
    if ($10 != quantity[id] || rows != quantity[id])
        report(id, "has " rows " cards (pin_count " $10 "), ordered " quantity[id])
    for (i = 2; i <= rows + 1; i++) {
        sub(/".*/, "", sn[i])
        if (first && sn[i] in owner) report(id, "has card " sn[i] ", which " owner[sn[i]] " also has")
        if (!first && owner[sn[i]] != id) report(id, "has card " sn[i] " in its replay, but not in its first result")
        owner[sn[i]] = id
    }
}

function report(id, problem) {
    problems[++problem_count] = id " " problem
}

# Checks of each order ---------------------------------------------------------------------------------------

function check_orders(    i, id) {
    for (i = 1; i <= orders; i++) {
        id = ids[i]
        if (!(id in results)) { lost++; report(id, "has no result") }
        if (results[id] > 1) report(id, "has " results[id] " first results")
        if (status[id] == "completed" && !(id in times)) report(id, "was never charged")
        if (conflicts_seen[id] != conflicts_expected[id])
            report(id, "has " conflicts_seen[id] + 0 " conflict results, expected " conflicts_expected[id] + 0)
        if (replayed[id] < replays_min[id] || replayed[id] > replays_max[id])
            report(id, "has " replayed[id] + 0 " replays, expected " replays_min[id] + 0 " to " replays_max[id] + 0)
    }
    for (i in replay_of) first_entries[replay_of[i]] = 1
    for (i = 1; i <= orders; i++) delete first_entries[entry[ids[i]]]
    for (i in first_entries) report("entry " i, "is named in replay_of, but is not a first result")
    if (sent != orders + repeats + conflicts + unusable)
        report("the queue:", sent " entries were sent, but " orders + repeats + conflicts + unusable " are accounted for")
    if (shop_b != 1) report("reply_to:", "its stream has " shop_b " results, expected 1")
    if (keys != cards) report("card keys:", "searched for " keys " keys, but the results have " cards " cards")
    if (leaks > 0) report("card keys:", leaks " lines of logs or order records contain a key")
}

# Output -----------------------------------------------------------------------------------------------------

function row(label, number, remark) {
    printf "  %-42s%6d%s\n", label, number, (remark == "" ? "" : "   " remark)
}
function must_be_zero(label, number) {
    printf "  %-42s%s%6d%s\n", label, (number ? red : green), number, normal
}

function table() {
    row("entries sent", sent)
    row("  new orders", orders)
    row("  repeated orders", repeats, replays + 0 " results published again, the others dropped: order still open")
    row("  known order id with another quantity", conflicts, "answered as a conflict, the first order is unchanged")
    row("  without a valid order id", unusable, "moved unchanged to the stream {hp}:rejected")
    print ""
    row("completed", by_status["completed"], by_source["fetch"] + 0 " from the first answer, " \
        by_source["query"] + 0 " from a query after an unknown outcome")
    row("failed", by_status["failed"], "HitPoints refused the order")
    row("rejected", by_status["rejected"], "invalid order, HitPoints not called")
    row("expired", by_status["expired"], "deadline passed, HitPoints not called")
    row("orders taken over from the killed worker", taken_over)
    print ""
    row("charges in the sandbox's ledger", charges)
    must_be_zero("orders charged twice", twice)
    must_be_zero("orders lost", lost)
    must_be_zero("orders still open", open)
    must_be_zero("card keys in logs or order records", leaks)
}

function verdict(    i) {
    if (!problem_count) {
        printf "\n  %sAll checks passed. Each order has one result.%s\n", green, normal
        printf "  %sEach completed order was charged once. No other order was charged.%s\n", green, normal
        return 0
    }
    printf "\n  %s%d checks failed:%s\n", red, problem_count, normal
    for (i = 1; i <= problem_count && i <= 20; i++) print "    " problems[i]
    if (problem_count > 20) print "    and " problem_count - 20 " more"
    return 1
}

END {
    check_orders()
    table()
    exit verdict()
}
