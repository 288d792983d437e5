//! Orders that are older than the present epoch of Redis.

use std::time::Duration;

use hp_order::{Cause, Event, Millis, Next, QueryVerdict, Record, State};

use crate::sample::{at, policy, step_at, uncertain, vendor_record};

fn not_found() -> Event {
    Event::Queried(QueryVerdict::NotFound)
}

/// Claimed after a restart of Redis, before which it was in the inbox, `queued` or `waiting`.
fn older_than_redis(attempts: u32, submitted_at: Option<Millis>) -> Record {
    Record {
        attempts,
        submitted_at,
        arrives_until: submitted_at.map(|at| at.plus(policy().resubmit_after)),
        not_found_valid_from: Some(at(60).now),
        ..uncertain(Cause::RedisRestarted)
    }
}

#[test]
fn epoch_loss_defers_not_found() {
    let step = step_at(10, &older_than_redis(1, None), not_found());
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::RedisRestarted))
    );
    assert_eq!(step.next, Next::After(Duration::from_secs(50)));
}

#[test]
fn epoch_doubt_ends_and_an_unsent_order_is_queued() {
    let step = step_at(60, &older_than_redis(1, None), not_found());
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    assert_eq!(step.next, Next::After(Duration::ZERO));
}

#[test]
fn epoch_doubt_ends_when_the_record_is_found() {
    let found = Event::Queried(QueryVerdict::Found(vendor_record()));
    let step = step_at(10, &older_than_redis(1, None), found);
    assert_eq!((step.state, step.attempts), (State::Completed, 1));
}

#[test]
fn epoch_doubt_of_a_sent_order_waits_for_both_limits() {
    let record = older_than_redis(2, Some(at(0).now));
    assert_eq!(step_at(60, &record, not_found()).state, State::Uncertain);
    let late = step_at(300, &record, not_found());
    assert_eq!((late.state, late.attempts), (State::Waiting, 1));
}

#[test]
fn epoch_doubt_also_delays_a_refused_order() {
    let refused = Record {
        cause: Some(Cause::Refused),
        ..older_than_redis(2, Some(at(0).now))
    };
    assert_eq!(
        step_at(10, &refused, not_found()).state,
        State::Uncertain,
        "Redis may have forgotten a later submission"
    );
    assert_eq!(step_at(60, &refused, not_found()).state, State::Failed);
}
