//! Checks the published results against the facts.

use std::collections::HashSet;

use hp_sandbox::Charge;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Index, Kind, Promise, PublishedResult, Violations};
use crate::workload::{Order, PRODUCTS, Purpose, STREAMS};

/// Checks all results of an order.
pub(crate) fn check_order(index: &Index<'_>, order: &Order, violations: &mut Violations) {
    let there = index.published(&order.id, Kind::First);
    let ids: Vec<_> = there.iter().map(|published| &published.entry).collect();
    let what = format!("first results {ids:?}");
    violations.check(there.len() <= 1, Promise::OneResult, &order.id, what);
    let firsts = index.all_results(&order.id, Kind::First);
    let known = !firsts.is_empty() || index.is_in_review(&order.id);
    let what = "no result, and not in review";
    violations.check(known, Promise::NeverLost, &order.id, what);
    for (n, published) in firsts.iter().enumerate() {
        check_content(index, order, published, violations);
        let agreed = n == 0 || agree(firsts[0], published);
        differs(agreed, published, violations);
    }
    for replay in index.all_results(&order.id, Kind::Replay) {
        // After a loss two results may have the same entry id.
        let mut same = firsts
            .iter()
            .filter(|first| first.entry == replay.get("replay_of"));
        differs(
            same.any(|first| first.substance() == replay.substance()),
            replay,
            violations,
        );
    }
    check_vanished(index, order, violations);
}

/// Compares a result that Redis lost with the one published again. The reason of an uncharged order may differ.
fn agree(forget_results: &PublishedResult, again: &PublishedResult) -> bool {
    let completed = |published: &PublishedResult| published.get("status") == "completed";
    match (completed(forget_results), completed(again)) {
        (true, true) => forget_results.substance() == again.substance(),
        (one, other) => one == other,
    }
}

fn differs(agreed: bool, published: &PublishedResult, violations: &mut Violations) {
    let what = format!("{} differs from the first result", published.entry);
    violations.check(agreed, Promise::NeverMadeUp, published.id(), what);
}

/// A result that was read may be gone only if Redis lost writes.
fn check_vanished(index: &Index<'_>, order: &Order, violations: &mut Violations) {
    let all = |published: &std::collections::BTreeMap<_, Vec<_>>| {
        published
            .get(order.id.as_str())
            .cloned()
            .unwrap_or_default()
    };
    let there: Vec<&PublishedResult> = all(&index.published);
    for read in all(&index.consumed) {
        let is_there = there.iter().any(|published| published.is_same(read));
        // Entry ids tell no time: they follow the clock of the server, which steps.
        if is_there || read.only_on_former || index.history.may_be_lost(read.read) {
            continue;
        }
        let other = there.iter().any(|published| published.entry == read.entry);
        let (promise, what) = if other {
            (Promise::NeverMadeUp, "was read, and has changed")
        } else {
            (Promise::NeverLost, "was read, and is gone")
        };
        violations.add(promise, &order.id, format!("{} {what}", read.entry));
    }
}

/// A first result is what the order asked for and what the vendor did.
fn check_content(
    index: &Index<'_>,
    order: &Order,
    published: &PublishedResult,
    violations: &mut Violations,
) {
    let mut check = |holds, what: &str| {
        let what = format!("result {} {what}", published.entry);
        violations.check(holds, Promise::NeverMadeUp, &order.id, what);
    };
    check(published.stream == order.stream(), "is in the wrong stream");
    check(
        published.get("product_id") == order.product.to_string(),
        "is about another product",
    );
    check(
        published.get("quantity") == order.quantity.to_string(),
        "is about another quantity",
    );
    let echoed = |name, wanted: &Option<String>| published.fields.get(name) == wanted.as_ref();
    check(echoed("meta", &order.meta), "has another meta");
    check(
        echoed("traceparent", &order.traceparent),
        "has another traceparent",
    );
    let charge = index.charges.get(order.id.as_str());
    match (published.get("status"), charge) {
        ("completed", None) => check(false, "is completed, but nothing was charged"),
        ("completed", Some(charge)) => {
            if let Err(wrong) = purchase(order, charge, published) {
                check(false, &format!("has {wrong}"));
            }
        }
        ("failed" | "rejected" | "expired", charge) => {
            check(charge.is_none(), "says that nothing was charged");
        }
        _ => check(false, "has no status of the protocol"),
    }
}

/// Checks that the cards are all those of the vendor, at the listed price.
fn purchase(
    order: &Order,
    charge: &Charge,
    published: &PublishedResult,
) -> Result<(), &'static str> {
    let product = PRODUCTS
        .iter()
        .find(|product| product.id == order.product)
        .ok_or("an unknown product")?;
    let money = |name| published.get(name).parse::<Decimal>().ok();
    let price = Decimal::new(product.unit_price, 2);
    let ours = |holds: bool, what| holds.then_some(()).ok_or(what);
    // The vendor may leave out what only describes an order.
    let currency = published.fields.get("currency");
    ours(
        currency.is_none_or(|currency| currency == product.currency),
        "another currency",
    )?;
    ours(money("unit_price") == Some(price), "another unit price")?;
    ours(
        money("total_price") == Some(price * Decimal::from(order.quantity)),
        "another total price",
    )?;
    ours(
        published.get("pin_count") == order.quantity.to_string(),
        "another number of cards",
    )?;
    let number = published.get("hp_order_id").parse().ok();
    ours(
        number.is_some_and(|number| charge.order_ids.contains(&number)),
        "another order number",
    )?;
    let cards =
        cards(published, product.value).ok_or("cards that cannot be read, or of another value")?;
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
fn cards(published: &PublishedResult, value: i64) -> Option<Vec<(String, String)>> {
    let rows: Vec<Value> = serde_json::from_str(published.get("pins")).ok()?;
    let card = |row: &Value| {
        let text = |name: &str| row[name].as_str();
        let amount = text("amount").map(str::parse::<Decimal>);
        let is_right = |amount| amount == Ok(Decimal::new(value, 2));
        amount.is_none_or(is_right).then_some(())?;
        Some((text("pin_sn")?.to_owned(), text("pin_key")?.to_owned()))
    };
    rows.iter().map(card).collect()
}

/// Checks that each result belongs to an order.
pub(crate) fn check_unordered(index: &Index<'_>, violations: &mut Violations) {
    for published in index
        .history
        .published
        .iter()
        .chain(&index.history.consumed)
    {
        let wanted =
            index.wanted.contains_key(published.id()) || published.kind() == Kind::Rejection;
        violations.check(
            wanted,
            Promise::NeverMadeUp,
            published.id(),
            "a result without an order",
        );
    }
}

/// Checks that every invalid entry is answered, and that no valid entry is.
pub(crate) fn check_invalid_entries(index: &Index<'_>, violations: &mut Violations) {
    for (submission, accepted) in &index.history.submissions {
        let answered = match submission.purpose {
            Purpose::Buy | Purpose::Repeat => continue,
            Purpose::Conflict => {
                is_answered(index, &submission.id, "conflict", "order_id_conflict")
            }
            Purpose::Invalid => is_answered(index, &submission.id, "rejected", "invalid_job"),
            Purpose::NoId => dead_letters(index, &submission.id),
        };
        let excused = accepted.iter().all(|at| index.history.may_be_lost(*at));
        let what = format!(
            "{:?} entry was accepted and never answered",
            submission.purpose
        );
        violations.check(
            answered || excused,
            Promise::NeverLost,
            &submission.id,
            what,
        );
    }
    let submissions = &index.history.submissions;
    let nonsense: HashSet<_> = submissions
        .iter()
        .filter(|(submission, _)| {
            matches!(submission.purpose, Purpose::Conflict | Purpose::Invalid)
        })
        .map(|(submission, _)| submission.id.as_str())
        .collect();
    for published in index
        .history
        .published
        .iter()
        .filter(|published| published.kind() == Kind::Rejection)
    {
        let what = format!("{} rejects a valid entry", published.entry);
        violations.check(
            nonsense.contains(published.id()),
            Promise::NeverMadeUp,
            published.id(),
            what,
        );
    }
}

fn is_answered(index: &Index<'_>, id: &str, status: &str, reason: &str) -> bool {
    index
        .all_results(id, Kind::Rejection)
        .iter()
        .any(|published| {
            let is_as_wanted =
                published.get("status") == status && published.get("reason") == reason;
            is_as_wanted && STREAMS.contains(&published.stream.as_str())
        })
}

fn dead_letters(index: &Index<'_>, id: &str) -> bool {
    let mut rejected = index.history.rejected.iter();
    rejected.any(|entry| entry.get("order_id").is_some_and(|given| given == id))
}
