use hp_api::RefusalKind;
use hp_order::{Millis, Record, State};
use hp_queue::OrderSnapshot;

use super::{
    breaker::Failing,
    description::Obstacle,
    facts::Facts,
    kind::ObstacleKind,
    of_queue::{held_scopes, low_balance, paused, throttled},
    of_redis::redis,
    of_workers::no_worker,
};
use crate::terminal::{format::time_of_day, shell::order_argument};

/// Returns what keeps this order from going on. `None`: it has ended.
pub(crate) fn of_order(facts: &Facts, snapshot: &OrderSnapshot) -> Option<Obstacle> {
    let record = &snapshot.record;
    if record.state.has_ended() {
        return None;
    }
    let obstacle = review(record)
        .or_else(|| redis(facts))
        .or_else(|| no_worker(facts))
        .or_else(|| claimed(snapshot))
        .or_else(|| paused(facts))
        .or_else(|| vendor(facts, record))
        .or_else(|| throttled(facts))
        .or_else(|| balance_low(facts, snapshot))
        .or_else(|| waits(facts, record));
    obstacle.or_else(|| {
        Some(Obstacle::new(
            ObstacleKind::Due,
            "the next free worker takes it",
        ))
    })
}

fn review(record: &Record) -> Option<Obstacle> {
    if record.state != State::Review {
        return None;
    }
    let id = order_argument(record.wanted.order_id.as_str());
    Some(
        Obstacle::new(ObstacleKind::Review, "needs a decision by an operator").next(format!(
            "compare it with `worker record {id}`, then decide with `worker resolve {id}` (see `worker help resolve`; `--as closed` ends an order whose record does not fit or cannot be read), or, if something has changed at HitPoints, with `worker retry {id}`"
        )),
    )
}

fn claimed(snapshot: &OrderSnapshot) -> Option<Obstacle> {
    let is_claimed = snapshot.is_claimed;
    is_claimed.then(|| Obstacle::new(ObstacleKind::Claimed, "a worker is processing it"))
}

/// While the breaker is closed, a failed call concerns the orders that have to be tried again.
fn vendor(facts: &Facts, record: &Record) -> Option<Obstacle> {
    let failing = Failing::of(facts)?;
    let is_tried_again = match record.state {
        State::Uncertain | State::Submitting => true,
        State::Waiting => record.code.is_none(),
        _ => false,
    };
    (failing.concerns_all_orders() || is_tried_again).then(|| failing.obstacle())
}

/// An order that HitPoints refused because of the balance, or that is held back because of it.
fn balance_low(facts: &Facts, snapshot: &OrderSnapshot) -> Option<Obstacle> {
    if let Some(scope) = snapshot.held {
        return Some(low_balance(&[&scope.to_string()]));
    }
    let record = &snapshot.record;
    let is_refused = record.state == State::Waiting
        && record.code.and_then(RefusalKind::from_code) == Some(RefusalKind::LowBalance);
    let unknown = format!("the currency of product {}", record.wanted.product_id);
    let scopes = held_scopes(facts);
    let scope = match scopes[..] {
        [scope] => scope,
        _ => &unknown,
    };
    is_refused.then(|| low_balance(&[scope]))
}

fn waits(facts: &Facts, record: &Record) -> Option<Obstacle> {
    let due_at = record.due_at.filter(|_| is_ahead(facts, record))?;
    let at = time_of_day(due_at, facts.now());
    let text = match record.state {
        State::Uncertain => format!("a worker queries HitPoints at {at}"),
        State::Waiting => format!("is tried again at {at}"),
        _ => format!("waits until {at}"),
    };
    Some(Obstacle::new(ObstacleKind::Waits, text))
}

fn is_ahead(facts: &Facts, record: &Record) -> bool {
    record.due_at.is_some_and(|at: Millis| at > facts.now())
}
