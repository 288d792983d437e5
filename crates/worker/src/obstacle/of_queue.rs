use std::{collections::BTreeSet, time::Duration};

use hp_order::{Millis, State};

use super::{
    breaker::Failing,
    description::Obstacle,
    facts::{Facts, UNREADABLE},
    kind::ObstacleKind,
    of_redis::redis,
    of_workers::{no_worker, worker_faults},
};
use crate::terminal::format::{count, duration, time};

/// A balance hold that ended longer ago holds no order any more: single orders test the balance more often.
const HOLD_GRACE: Duration = Duration::from_mins(1);

/// Returns what keeps orders of the queue from going on, the most urgent first. Further obstacles have their place here.
pub(crate) fn of_queue(facts: &Facts) -> Vec<Obstacle> {
    let all = [
        redis(facts),
        paused(facts),
        no_worker(facts),
        vendor(facts),
        throttled(facts),
        balance_low(facts),
        review(facts),
        unreadable(facts),
        lost_entries(facts),
        dead_letters(facts),
    ];
    let all = all.into_iter().flatten();
    all.chain(worker_faults(facts)).collect()
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

fn vendor(facts: &Facts) -> Option<Obstacle> {
    let failing = Failing::of(facts).filter(Failing::concerns_all_orders)?;
    Some(failing.obstacle())
}

/// While no call is made. A lower rate holds nothing up.
pub(super) fn throttled(facts: &Facts) -> Option<Obstacle> {
    let until = facts.status.throttle.get("until").copied().map(Millis)?;
    let left = until.since(facts.now());
    (!left.is_zero()).then(|| {
        let left = duration(left);
        let text = format!("a front end of HitPoints asks to send less: no calls for {left}");
        Obstacle::new(ObstacleKind::Throttled, text).brief("HitPoints asks to send less")
    })
}

fn balance_low(facts: &Facts) -> Option<Obstacle> {
    let scopes = held_scopes(facts);
    (!scopes.is_empty()).then(|| low_balance(&scopes))
}

/// The balances that orders wait for.
pub(super) fn held_scopes(facts: &Facts) -> Vec<&str> {
    let holds = facts.status.holds.iter();
    let recent = holds.filter(|(_, until)| facts.now() < Millis(**until).plus(HOLD_GRACE));
    // An order that HitPoints has refused waits in the schedule.
    let recent = recent
        .filter(|_| facts.waiting() > 0)
        .map(|(scope, _)| scope);
    let held = facts.status.held.iter().filter(|(_, orders)| **orders > 0);
    let scopes = held.map(|(scope, _)| scope).chain(recent);
    let scopes: BTreeSet<_> = scopes.map(String::as_str).collect();
    scopes.into_iter().collect()
}

/// Each scope is a currency, or `product:2` if the currency is unknown.
pub(super) fn low_balance(scopes: &[&str]) -> Obstacle {
    let which = scopes.join(" and ");
    Obstacle::new(
        ObstacleKind::BalanceLow,
        format!("the balance of {which} at HitPoints is too low, so its orders wait"),
    )
    .brief(format!("balance of {which} is low"))
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

/// `worker doctor` reports a recent loss as a failure.
fn lost_entries(facts: &Facts) -> Option<Obstacle> {
    let status = &facts.status;
    let number = some(status.lost)?;
    let at = status.lost_at.map(Millis);
    let missed = at.map_or_else(String::new, |at| format!(", last missed {}", time(at)));
    Some(
        Obstacle::new(
            ObstacleKind::LostEntries,
            format!(
                "orders are lost: {number} entries left the inbox before a worker took them{missed}"
            ),
        )
        .next("`worker doctor` says what to do"),
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
