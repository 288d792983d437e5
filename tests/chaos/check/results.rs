//! What was told, against what is true.

use std::collections::HashSet;

use hp_sandbox::Charge;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{ClaimSkip, Facts, Found, Kind, Promise};
use crate::{
    history::time_of,
    orders::{Order, PRODUCTS, Purpose, STREAMS},
};

/// All that was told about one order.
pub(crate) fn of_order(facts: &Facts<'_>, order: &Order, found: &mut Found) {
    let there = facts.told(&order.id, Kind::First);
    let ids: Vec<_> = there.iter().map(|told| &told.entry).collect();
    let what = format!("first results {ids:?}");
    found.check(there.len() <= 1, Promise::OneResult, &order.id, what);
    let firsts = facts.ever(&order.id, Kind::First);
    let known = !firsts.is_empty() || facts.is_in_review(&order.id);
    let what = "no result, and not in review";
    found.check(known, Promise::NeverLost, &order.id, what);
    for (n, told) in firsts.iter().enumerate() {
        truth(facts, order, told, found);
        let agreed = n == 0 || agree(firsts[0], told);
        differs(agreed, told, found);
    }
    for replay in facts.ever(&order.id, Kind::Replay) {
        let first = firsts
            .iter()
            .find(|first| first.entry == replay.get("replay_of"));
        differs(
            first.is_some_and(|first| first.substance() == replay.substance()),
            replay,
            found,
        );
    }
    vanished(facts, order, found);
}

/// Redis forgot a result, and it was told again. Why an order was not charged may then be said in other words.
fn agree(forgotten: &ClaimSkip, again: &ClaimSkip) -> bool {
    let completed = |told: &ClaimSkip| told.get("status") == "completed";
    match (completed(forgotten), completed(again)) {
        (true, true) => forgotten.substance() == again.substance(),
        (one, other) => one == other,
    }
}

fn differs(agreed: bool, told: &ClaimSkip, found: &mut Found) {
    let what = format!("{} says something else than the first result", told.entry);
    found.check(agreed, Promise::NeverMadeUp, told.id(), what);
}

/// What was read once may be gone only if Redis lost what it had last said.
fn vanished(facts: &Facts<'_>, order: &Order, found: &mut Found) {
    let all = |told: &std::collections::BTreeMap<_, Vec<_>>| {
        told.get(order.id.as_str()).cloned().unwrap_or_default()
    };
    let there: Vec<&ClaimSkip> = all(&facts.told);
    for read in all(&facts.live) {
        let same = there.iter().find(|told| told.entry == read.entry);
        let excused = same.is_some() || facts.history.may_be_lost(time_of(&read.entry));
        let what = format!("{} was read, and is gone", read.entry);
        found.check(excused, Promise::NeverLost, &order.id, what);
        let unchanged = same.is_none_or(|same| same.fields == read.fields);
        let what = format!("{} was read, and has changed", read.entry);
        found.check(unchanged, Promise::NeverMadeUp, &order.id, what);
    }
}

/// A first result is what the order asked for and what the vendor did.
fn truth(facts: &Facts<'_>, order: &Order, told: &ClaimSkip, found: &mut Found) {
    let mut check = |holds, what: &str| {
        let what = format!("result {} {what}", told.entry);
        found.check(holds, Promise::NeverMadeUp, &order.id, what);
    };
    check(told.stream == order.stream(), "is in the wrong stream");
    check(
        told.get("product_id") == order.product.to_string(),
        "is about another product",
    );
    check(
        told.get("quantity") == order.quantity.to_string(),
        "is about another quantity",
    );
    let echoed = |name, wanted: &Option<String>| told.fields.get(name) == wanted.as_ref();
    check(echoed("meta", &order.meta), "has another meta");
    check(
        echoed("traceparent", &order.traceparent),
        "has another traceparent",
    );
    let charge = facts.charges.get(order.id.as_str());
    match (told.get("status"), charge) {
        ("completed", None) => check(false, "is completed, but nothing was charged"),
        ("completed", Some(charge)) => {
            if let Err(wrong) = purchase(order, charge, told) {
                check(false, &format!("has {wrong}"));
            }
        }
        ("failed" | "rejected" | "expired", charge) => {
            check(charge.is_none(), "says that nothing was charged");
        }
        _ => check(false, "has no status of the protocol"),
    }
}

/// The cards are the vendor's, all of them, at the price of the list.
fn purchase(order: &Order, charge: &Charge, told: &ClaimSkip) -> Result<(), &'static str> {
    let product = PRODUCTS
        .iter()
        .find(|product| product.id == order.product)
        .ok_or("an unknown product")?;
    let money = |name| told.get(name).parse::<Decimal>().ok();
    let price = Decimal::new(product.unit_price, 2);
    let ours = |holds: bool, what| holds.then_some(()).ok_or(what);
    ours(told.get("currency") == product.currency, "another currency")?;
    ours(money("unit_price") == Some(price), "another unit price")?;
    ours(
        money("total_price") == Some(price * Decimal::from(order.quantity)),
        "another total price",
    )?;
    ours(
        told.get("pin_count") == order.quantity.to_string(),
        "another number of cards",
    )?;
    let number = told.get("hp_order_id").parse().ok();
    ours(
        number.is_some_and(|number| charge.order_ids.contains(&number)),
        "another order number",
    )?;
    let cards =
        cards(told, product.value).ok_or("cards that cannot be read, or of another value")?;
    let sold: HashSet<_> = charge
        .cards
        .iter()
        .map(|card| (card.pin_sn.clone(), card.pin_key.clone()))
        .collect();
    ours(
        cards.len() == order.quantity as usize,
        "too few or too many cards",
    )?;
    ours(
        cards.iter().collect::<HashSet<_>>().len() == cards.len(),
        "a card twice",
    )?;
    ours(
        cards.iter().all(|card| sold.contains(card)),
        "cards that were never sold for it",
    )
}

/// Serial numbers and keys.
fn cards(told: &ClaimSkip, value: i64) -> Option<Vec<(String, String)>> {
    let rows: Vec<Value> = serde_json::from_str(told.get("pins")).ok()?;
    let card = |row: &Value| {
        let text = |name: &str| row[name].as_str();
        let amount: Decimal = text("amount")?.parse().ok()?;
        (amount == Decimal::new(value, 2)).then_some(())?;
        Some((text("pin_sn")?.to_owned(), text("pin_key")?.to_owned()))
    };
    rows.iter().map(card).collect()
}

/// Results of orders that nobody placed.
pub(crate) fn of_nobody(facts: &Facts<'_>, found: &mut Found) {
    for told in facts.history.told.iter().chain(&facts.history.live) {
        let wanted = facts.wanted.contains_key(told.id()) || told.kind() == Kind::Objection;
        found.check(
            wanted,
            Promise::NeverMadeUp,
            told.id(),
            "a result, but nobody ordered it",
        );
    }
}

/// Every entry that makes no order is answered; and only such entries are.
pub(crate) fn of_nonsense(facts: &Facts<'_>, found: &mut Found) {
    for (put, accepted) in &facts.history.puts {
        let answered = match put.purpose {
            Purpose::Buy | Purpose::Again => continue,
            Purpose::Conflict => objected(facts, &put.id, "order_id_conflict"),
            Purpose::Invalid => objected(facts, &put.id, "invalid_job"),
            Purpose::Nameless => dead_letters(facts, &put.id),
        };
        let excused = accepted.iter().all(|at| facts.history.may_be_lost(*at));
        let what = format!("{:?} entry was accepted and never answered", put.purpose);
        found.check(answered || excused, Promise::NeverLost, &put.id, what);
    }
    let puts = &facts.history.puts;
    let nonsense: HashSet<_> = puts
        .iter()
        .filter(|(put, _)| matches!(put.purpose, Purpose::Conflict | Purpose::Invalid))
        .map(|(put, _)| put.id.as_str())
        .collect();
    for told in facts
        .history
        .told
        .iter()
        .filter(|told| told.kind() == Kind::Objection)
    {
        let what = format!("{} rejects what was in order", told.entry);
        found.check(
            nonsense.contains(told.id()),
            Promise::NeverMadeUp,
            told.id(),
            what,
        );
    }
}

fn objected(facts: &Facts<'_>, id: &str, reason: &str) -> bool {
    facts
        .ever(id, Kind::Objection)
        .iter()
        .any(|told| told.get("reason") == reason && STREAMS.contains(&told.stream.as_str()))
}

fn dead_letters(facts: &Facts<'_>, id: &str) -> bool {
    let mut rejected = facts.history.rejected.iter();
    rejected.any(|entry| entry.get("order_id").is_some_and(|given| given == id))
}
