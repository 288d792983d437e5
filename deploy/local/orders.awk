# Prints the demo's orders as Redis commands, and writes the expected outcome of each order.
#
#   -v plan=FILE      one line for each order: id, product, quantity, status, reason, kind. Also one line for each further
#                     entry with the same id, of kind `repeat` (sent at once), `replay` (sent after the order has ended)
#                     or `conflict` (sent with another quantity)
#   -v replays=FILE   the Redis commands of kind `replay`
#   -v now=SECONDS    the current Unix time
#
# A suffix of the order id names the fault that the sandbox injects: CNY-017~lost-answer.

# Adds `count` orders. Quantities vary from 1 to `quantity`; if `quantity` is not positive, all are `-quantity`.
function order(count, prefix, product, quantity, kind, status, reason,    i) {
    for (i = 1; i <= count; i++) {
        n++
        kind_of[n] = kind
        fault = kind ~ /^(good|balance|invalid|unknown|limit|late|refused)$/ ? "" : "~" kind
        id[n] = sprintf("%s-%03d%s", prefix, n, fault)
        product_of[n] = product
        quantity_of[n] = quantity > 0 ? 1 + n % quantity : -quantity
        status_of[n] = status
        reason_of[n] = reason == "" ? "-" : reason
    }
}

function job(i, extra_fields) {
    return sprintf("XADD {hp}:jobs * order_id %s product_id %s quantity %s%s", \
        id[i], product_of[i], quantity_of[i], extra_fields)
}

function expect(i, kind) {
    print id[i] "\t" product_of[i] "\t" quantity_of[i] "\t" status_of[i] "\t" reason_of[i] "\t" kind > plan
}

function extra_fields_for(i) {
    if (kind_of[i] == "late") return " deadline " (now - 60) "000"
    if (i == shop_b_order) return " reply_to {hp}:results:shop-b"
    if (i % 7 == 0) return sprintf(" meta \"basket %d, shelf %d\"", i, i % 9)
    return ""
}

function repeat(i) {
    print job(i, extra_fields_for(i))
    expect(i, "repeat")
}

function conflict(i,    quantity) {
    quantity = quantity_of[i]++
    print job(i)
    status_of[i] = "conflict"; reason_of[i] = "order_id_conflict"
    expect(i, "conflict")
    status_of[i] = "completed"; reason_of[i] = "-"; quantity_of[i] = quantity
}

# Uses a fixed seed, so that every run sends the orders in the same sequence.
function shuffle(    i, j, swap, x) {
    x = 7
    for (i = n; i > 1; i--) {
        x = (x * 75 + 74) % 65537
        j = 1 + x % i
        swap = place[i]; place[i] = place[j]; place[j] = swap
    }
}

BEGIN {
    order(139, "CNY",  2,  5, "good", "completed")
    order( 36, "CNY",  5,  3, "good", "completed")
    shop_b_order = 150
    order( 50, "USD", 31,  3, "balance", "completed")
    order( 10, "CNY",  2,  4, "lost-answer", "completed")
    order(  4, "USD", 31,  2, "lost-answer", "completed")
    order(  5, "CNY",  2,  3, "http-500-before", "completed")
    order(  5, "CNY",  2,  3, "http-500-after", "completed")
    order(  5, "CNY",  2,  3, "bad-signature", "completed")
    order(  5, "CNY",  2,  3, "truncated", "completed")
    order(  4, "CNY",  2,  3, "short", "completed")
    order(  3, "CNY",  2,  3, "wrong-product", "completed")
    order(  3, "CNY",  2,  3, "timeout-before", "completed")
    order(  3, "CNY",  2,  3, "timeout-after", "completed")
    order(  3, "CNY",  2,  3, "late-record", "completed")
    order(  3, "USD", 71,  1, "refused", "failed", "refused")
    order(  4, "CNY",  2,  3, "late", "expired", "deadline_passed")
    order(  5, "BAD",  2,  0, "invalid", "rejected", "invalid_job")
    order(  5, "BAD", "abc", 3, "invalid", "rejected", "invalid_job")
    order(  4, "BAD", 4711, 3, "unknown", "rejected", "unknown_product")
    order(  4, "BAD",  2, -21, "limit", "rejected", "quantity_over_limit")

    for (i = 1; i <= n; i++) {
        place[i] = i
        expect(i, kind_of[i])
    }
    shuffle()

    for (p = 1; p <= n; p++) {
        i = place[p]
        print job(i, extra_fields_for(i))
        if (kind_of[i] == "good" && i % 8 == 0) repeat(i)
        if (kind_of[i] == "good" && i % 58 == 0) conflict(i)
    }
    for (i = 5; i <= n; i += 25) if (status_of[i] != "rejected") {
        print job(i, extra_fields_for(i)) > replays
        expect(i, "replay")
    }

    # Entries without a valid order id.
    print "XADD {hp}:jobs * product_id 2 quantity 1"
    print "XADD {hp}:jobs * order_id \"two words\" product_id 2 quantity 1"
    print "XADD {hp}:jobs * hello world"
}
