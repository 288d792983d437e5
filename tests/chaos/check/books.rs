//! The vendor's ledger against what was wanted, and the worker's ledger against itself.

use hp_sandbox::Charge;

use super::{Facts, Found, Kind, Promise};
use crate::orders::Order;

/// What the vendor charged for an order.
pub(crate) fn charge(facts: &Facts<'_>, order: &Order, found: &mut Found) {
    let Some(charge) = facts.charges.get(order.id.as_str()) else {
        return;
    };
    let times = format!("charged {} times, as {:?}", charge.times, charge.order_ids);
    found.check(charge.times <= 1, Promise::NeverTwice, &order.id, times);
    let fits = (charge.product_id, charge.quantity) == (order.product, order.quantity);
    found.check(fits, Promise::NeverMadeUp, &order.id, bought(charge));
    let told = facts.ever(&order.id, Kind::First);
    let completed = told.iter().any(|told| told.get("status") == "completed");
    if told.is_empty() && !facts.is_in_review(&order.id) {
        found.add(
            Promise::NeverLost,
            &order.id,
            "charged, but nobody was told",
        );
    } else if !completed && !told.is_empty() {
        let what = format!("charged, but told as {}", told[0].get("status"));
        found.add(Promise::NeverMadeUp, &order.id, what);
    }
}

fn bought(charge: &Charge) -> String {
    format!(
        "bought as {} of product {}",
        charge.quantity, charge.product_id
    )
}

/// What must hold for all orders together.
pub(crate) fn sums(facts: &Facts<'_>, found: &mut Found) {
    let history = facts.history;
    for charge in &history.charges {
        let wanted = facts.wanted.contains_key(charge.out_trade_id.as_str());
        let what = format!("nobody ordered it, yet it was {}", bought(charge));
        found.check(wanted, Promise::NeverMadeUp, &charge.out_trade_id, what);
    }
    for entry in &history.inbox {
        let id = entry.get("order_id").map_or("an entry", String::as_str);
        found.add(Promise::NeverLost, id, "still in the inbox");
    }
    for id in facts
        .open
        .iter()
        .filter(|id| !history.records.contains_key(**id))
    {
        found.add(Promise::NeverLost, id, "open, but without a record");
    }
    for id in history
        .schedule
        .keys()
        .filter(|id| !facts.open.contains(id.as_str()))
    {
        found.add(Promise::NeverLost, id, "in the schedule, but not open");
    }
    for id in history.records.keys() {
        record(facts, id, found);
    }
}

fn record(facts: &Facts<'_>, id: &str, found: &mut Found) {
    let (state, open) = (facts.record(id, "state"), facts.open.contains(id));
    let mut check = |holds, what: &str| {
        found.check(holds, Promise::NeverLost, id, format!("{state}, {what}"));
    };
    match state {
        "completed" | "failed" | "rejected" | "expired" => {
            check(!open, "but still open");
            let result = facts.record(id, "result");
            let told = facts.told(id, Kind::First);
            let fits = |entry: &str, status| entry == result && status == state;
            let there = told
                .iter()
                .any(|told| fits(&told.entry, told.get("status")));
            check(there, "but its result is not in its stream");
        }
        _ => {
            check(state == "review", "so not at an end");
            check(open, "but not among the open orders");
            let due = facts.history.schedule.get(id);
            check(due.is_some(), "but not in the schedule");
            check(facts.record(id, "result").is_empty(), "but has a result");
            check(
                facts.told(id, Kind::First).is_empty(),
                "but its result is told",
            );
        }
    }
}
