//! Checks the vendor's ledger against the orders, and the worker's ledger against itself.

use hp_sandbox::Charge;

use super::{Index, Kind, Promise, Violations};
use crate::workload::Order;

/// Checks the charge of an order.
pub(crate) fn charge(index: &Index<'_>, order: &Order, violations: &mut Violations) {
    let Some(charge) = index.charges.get(order.id.as_str()) else {
        return;
    };
    let times = format!("charged {} times, as {:?}", charge.times, charge.order_ids);
    violations.check(charge.times <= 1, Promise::NeverTwice, &order.id, times);
    let fits = (charge.product_id, charge.quantity) == (order.product, order.quantity);
    violations.check(fits, Promise::NeverMadeUp, &order.id, bought(charge));
    let published = index.all_results(&order.id, Kind::First);
    let completed = published
        .iter()
        .any(|published| published.get("status") == "completed");
    if published.is_empty() && !index.is_in_review(&order.id) {
        violations.add(
            Promise::NeverLost,
            &order.id,
            "charged, but without a result",
        );
    } else if !completed && !published.is_empty() {
        let what = format!(
            "charged, but the result says {}",
            published[0].get("status")
        );
        violations.add(Promise::NeverMadeUp, &order.id, what);
    }
}

fn bought(charge: &Charge) -> String {
    format!(
        "bought as {} of product {}",
        charge.quantity, charge.product_id
    )
}

/// Checks the sums over all orders.
pub(crate) fn sums(index: &Index<'_>, violations: &mut Violations) {
    let history = index.history;
    for charge in &history.charges {
        let wanted = index.wanted.contains_key(charge.out_trade_id.as_str());
        let what = format!("not ordered, but {}", bought(charge));
        violations.check(wanted, Promise::NeverMadeUp, &charge.out_trade_id, what);
    }
    for entry in &history.inbox {
        let id = entry.get("order_id").map_or("an entry", String::as_str);
        violations.add(Promise::NeverLost, id, "still in the inbox");
    }
    for id in index
        .open
        .iter()
        .filter(|id| !history.records.contains_key(**id))
    {
        violations.add(Promise::NeverLost, id, "open, but without a record");
    }
    for id in history
        .schedule
        .keys()
        .filter(|id| !index.open.contains(id.as_str()))
    {
        violations.add(Promise::NeverLost, id, "in the schedule, but not open");
    }
    for id in history.records.keys() {
        record(index, id, violations);
    }
}

fn record(index: &Index<'_>, id: &str, violations: &mut Violations) {
    let (state, open) = (index.record(id, "state"), index.open.contains(id));
    let mut check = |holds, what: &str| {
        violations.check(holds, Promise::NeverLost, id, format!("{state}, {what}"));
    };
    match state {
        "completed" | "failed" | "rejected" | "expired" => {
            check(!open, "but still open");
            let result = index.record(id, "result");
            let published = index.published(id, Kind::First);
            let fits = |entry: &str, status| entry == result && status == state;
            let there = published
                .iter()
                .any(|published| fits(&published.entry, published.get("status")));
            check(there, "but its result is not in its stream");
        }
        _ => {
            check(state == "review", "which is no final state");
            check(open, "but not among the open orders");
            let due = index.history.schedule.get(id);
            check(due.is_some(), "but not in the schedule");
            check(index.record(id, "result").is_empty(), "but has a result");
            check(
                index.published(id, Kind::First).is_empty(),
                "but its result is published",
            );
        }
    }
}
