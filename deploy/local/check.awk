# Holds what came out against what went in and against the sandbox's own books. Exits 1 if anything does not hold.
#
#   awk -f check.awk part=plan PLAN part=ledger LEDGER part=results RESULTS part=open OPEN part=unusable UNUSABLE
#
#   plan      id, product, quantity, status, reason, kind                       (orders.awk)
#   ledger    id, product, quantity, times charged, total                       (the sandbox)
#   results   entry, id, product, quantity, status, reason, source, attempts,
#             replay_of, pin_count, pins                                        (entries.awk)
#   open      an order id a line
#   unusable  an entry of the stream of rejected entries a line
#
# -v sent=N entries were put in, -v elsewhere=N results are on the stream that one of them names in `reply_to`,
# -v leaks=N lines show one of the -v keys=N card keys where none may be; -v red, green, plain: colours.

BEGIN { FS = "\t" }

# What went in -----------------------------------------------------------------------------------------------

part == "plan" && $6 == "conflict" { conflicts_due[$1]++; conflicts++; next }
part == "plan" && $6 == "again"    { again++; replays_max[$1]++; next }
part == "plan" && $6 == "later"    { again++; replays_max[$1]++; replays_min[$1]++; next }
part == "plan" {
    orders++
    ids[orders] = $1
    product[$1] = $2; quantity[$1] = $3; status[$1] = $4; reason[$1] = $5; kind[$1] = $6
}

# What was charged -------------------------------------------------------------------------------------------

part == "ledger" {
    charges += $4
    times[$1] = $4
    if ($4 != 1) { twice++; breach($1, "charged " $4 " times") }
    if (!($1 in status)) breach($1, "charged, but never ordered")
    else if (status[$1] != "completed") breach($1, "charged, but to be " status[$1])
    else if ($2 != product[$1] || $3 != quantity[$1])
        breach($1, "charged as " $3 " of product " $2 " in place of " quantity[$1] " of " product[$1])
}

# What was answered ------------------------------------------------------------------------------------------

part == "results" && !($2 in status)             { breach($2, "has a result, but was never ordered"); next }
part == "results" && $6 == "order_id_conflict"   { conflicts_seen[$2]++; next }
part == "results" && $9 != "-"                   { replays++; replayed[$2]++; of[$1] = $9; check_cards($2); next }
part == "results" {
    results[$2]++
    entry[$2] = $1
    by_status[$5]++
    if ($5 != status[$2] || $6 != reason[$2])
        breach($2, "is " $5 " (" $6 "), expected " status[$2] " (" reason[$2] ")")
    if ($5 == "completed") by_source[$7]++
    if (kind[$2] == "good" && ($7 == "query" || $8 > 1)) taken_over++
    check_cards($2, "first")
}

part == "open" && $1 != "" { open++; breach($1, "is still open") }
part == "unusable"         { unusable++ }

# As many cards as ordered, and none that another order has got.
function check_cards(id, first,    rows, i, sn) {
    if ($5 != "completed") return
    rows = split($11, sn, /"pin_sn":"/) - 1
    cards += rows
    if ($10 != quantity[id] || rows != quantity[id])
        breach(id, "has " rows " cards (pin_count " $10 "), ordered " quantity[id])
    for (i = 2; i <= rows + 1; i++) {
        sub(/".*/, "", sn[i])
        if (first && sn[i] in owner) breach(id, "has card " sn[i] ", and so has " owner[sn[i]])
        if (!first && owner[sn[i]] != id) breach(id, "is told again with card " sn[i] " that it did not have")
        owner[sn[i]] = id
    }
}

function breach(id, what) {
    breaches[++broken] = id " " what
}

# What must hold for each order ------------------------------------------------------------------------------

function check_orders(    i, id) {
    for (i = 1; i <= orders; i++) {
        id = ids[i]
        if (!(id in results)) { lost++; breach(id, "has no result") }
        if (results[id] > 1) breach(id, "has " results[id] " first results")
        if (status[id] == "completed" && !(id in times)) breach(id, "was never charged")
        if (conflicts_seen[id] != conflicts_due[id]) breach(id, "has " conflicts_seen[id] + 0 " conflicts answered")
        if (replayed[id] < replays_min[id] || replayed[id] > replays_max[id])
            breach(id, "was told again " replayed[id] + 0 " times")
    }
    for (i in of) first_entries[of[i]] = 1
    for (i = 1; i <= orders; i++) delete first_entries[entry[ids[i]]]
    for (i in first_entries) breach(i, "is named by replay_of, and is no first result")
    if (sent != orders + again + conflicts + unusable)
        breach("the inbox:", sent " entries in, " orders + again + conflicts + unusable " accounted for")
    if (elsewhere != 1) breach("reply_to:", elsewhere " results there, expected 1")
    if (keys != cards) breach("card keys:", keys " looked for, " cards " cards in the results")
    if (leaks > 0) breach("card keys:", leaks " lines of logs or ledger records show one")
}

# The table --------------------------------------------------------------------------------------------------

function row(label, number, remark) {
    printf "  %-40s%7d%s\n", label, number, (remark == "" ? "" : "   " remark)
}
function must_be_zero(label, number) {
    printf "  %-40s%s%7d%s\n", label, (number ? red : green), number, plain
}

function table() {
    row("entries put in", sent)
    row("  orders", orders)
    row("  repetitions", again, replays + 0 " told again, the others dropped: the order was open")
    row("  other quantity under a known id", conflicts, "each rejected, the first order untouched")
    row("  without a usable order id", unusable, "set aside, verbatim")
    print ""
    row("completed", by_status["completed"], by_source["fetch"] + 0 " from the answer, " \
        by_source["query"] + 0 " asked about after a doubtful one")
    row("failed", by_status["failed"], "refused by the vendor")
    row("rejected", by_status["rejected"], "unusable order, no call made")
    row("expired", by_status["expired"], "deadline passed, no call made")
    row("taken over from the killed worker", taken_over)
    print ""
    row("charges in the sandbox's own ledger", charges)
    must_be_zero("charged twice", twice)
    must_be_zero("lost", lost)
    must_be_zero("still open", open)
    must_be_zero("card keys in logs or ledger records", leaks)
}

function verdict(    i) {
    if (!broken) {
        printf "\n  %sEvery order has one result, every completed one was charged once, no other was charged.%s\n", green, plain
        return 0
    }
    printf "\n  %sThis does not hold:%s\n", red, plain
    for (i = 1; i <= broken && i <= 20; i++) print "    " breaches[i]
    if (broken > 20) print "    and " broken - 20 " more"
    return 1
}

END {
    check_orders()
    table()
    exit verdict()
}
