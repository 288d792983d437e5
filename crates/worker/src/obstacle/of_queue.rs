use std::time::Duration;

use hp_order::{Millis, State};

use super::{Facts, Obstacle, ObstacleKind, breaker::Failing, facts::UNREADABLE, of_redis::redis};
use crate::terminal::format::{count, time};

/// A balance hold that ended longer ago holds no order any more: single orders test the balance more often.
const HOLD_GRACE: Duration = Duration::from_mins(1);

/// Returns what keeps orders of the queue from going on, the most urgent first. Further obstacles have their place here.
pub(crate) fn of_queue(facts: &Facts) -> Vec<Obstacle> {
    let one = [
        redis(facts),
        paused(facts),
        no_worker(facts),
        vendor(facts),
        balance_low(facts),
        review(facts),
        unreadable(facts),
        dead_letters(facts),
    ];
    one.into_iter().flatten().collect()
}

/// The number of orders and entries that a worker could go on with.
fn waiting(facts: &Facts) -> u64 {
    let needs_operator = facts.count(State::Review.as_str()) + facts.count(UNREADABLE);
    facts.status.new + facts.status.open.saturating_sub(needs_operator)
}

pub(super) fn paused(facts: &Facts) -> Option<Obstacle> {
    let paused = &facts.status.paused;
    if paused.is_empty() {
        return None;
    }
    let field = |name| paused.get(name).filter(|text| !text.is_empty());
    let reason = field("reason").map_or("no reason given", String::as_str);
    let by = field("by").map_or_else(String::new, |by| format!(" by {by}"));
    let since = field("since").and_then(|at| at.parse().ok());
    let since = since.map_or_else(String::new, |at| format!(" since {}", time(Millis(at))));
    Some(
        Obstacle::new(
            ObstacleKind::Paused,
            format!("the queue is paused{by}{since}: {reason}"),
        )
        .brief(format!("paused: {reason}"))
        .next("fix the cause, then run `worker resume`"),
    )
}

pub(super) fn no_worker(facts: &Facts) -> Option<Obstacle> {
    if !facts.status.workers.is_empty() || waiting(facts) == 0 {
        return None;
    }
    let wait = count(waiting(facts), "order waits", "orders wait");
    Some(
        Obstacle::new(
            ObstacleKind::NoWorker,
            format!("no worker is alive, and {wait}"),
        )
        .brief("no worker is alive")
        .next("start `worker run`; if it should be running, its log says why it stopped"),
    )
}

fn vendor(facts: &Facts) -> Option<Obstacle> {
    let failing = Failing::of(facts).filter(Failing::concerns_all_orders)?;
    Some(failing.obstacle())
}

/// The currencies whose balance is too low at present.
pub(super) fn held_currencies(facts: &Facts) -> Vec<&str> {
    let holds = facts.status.holds.iter();
    let present = holds.filter(|(_, until)| facts.now() < Millis(**until).plus(HOLD_GRACE));
    let mut currencies: Vec<_> = present.map(|(currency, _)| currency.as_str()).collect();
    currencies.sort_unstable();
    currencies
}

fn balance_low(facts: &Facts) -> Option<Obstacle> {
    let currencies = held_currencies(facts);
    if currencies.is_empty() || waiting(facts) == 0 {
        return None;
    }
    Some(low_balance(&currencies))
}

pub(super) fn low_balance(currencies: &[&str]) -> Obstacle {
    let brief = match currencies {
        [] => "its balance is low".into(),
        currencies => format!("balance of {} is low", currencies.join(" or ")),
    };
    let which = match currencies {
        [] => "of the order's currency".into(),
        currencies => format!("of {}", currencies.join(" and ")),
    };
    Obstacle::new(
        ObstacleKind::BalanceLow,
        format!("the balance {which} at HitPoints is too low, so its orders wait"),
    )
    .brief(brief)
    .next("top up the account at HitPoints; the workers notice it within a minute")
}

fn review(facts: &Facts) -> Option<Obstacle> {
    let number = some(facts.count(State::Review.as_str()))?;
    Some(
        Obstacle::new(
            ObstacleKind::Review,
            count(number, "order needs review", "orders need review"),
        )
        .next("`worker orders --state review`"),
    )
}

fn unreadable(facts: &Facts) -> Option<Obstacle> {
    let number = some(facts.count(UNREADABLE))?;
    let text = count(
        number,
        "ledger record cannot be read",
        "ledger records cannot be read",
    );
    Some(
        Obstacle::new(ObstacleKind::Unreadable, text).next(
            "`worker orders` names them; repair them, and do not delete them: the orders may be charged",
        ),
    )
}

fn dead_letters(facts: &Facts) -> Option<Obstacle> {
    let number = some(facts.status.rejected)?;
    let text = count(
        number,
        "inbox entry names no usable order",
        "inbox entries name no usable order",
    );
    Some(Obstacle::new(ObstacleKind::DeadLetters, text).next("`worker rejected list`"))
}

fn some(number: u64) -> Option<u64> {
    (number > 0).then_some(number)
}
