//! Replays of an ended order.

use hp_order::{
    Event, FailReason, Next, QueryVerdict, Record, Source, State, Task, TerminalOutcome, plan,
};

use crate::sample::{at, claimed, policy, step_at, vendor_record};

#[test]
fn failed_order_is_replayed_as_it_ended() {
    let failed = Record {
        failed: Some((FailReason::Refused, Source::Query)),
        ..claimed(State::Failed)
    };
    assert_eq!(
        plan(&failed, &policy(), at(9).now),
        Task::Conclude(Event::ReplayRequested)
    );
    let step = step_at(9, &failed, Event::ReplayRequested);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Refused,
            source: Source::Query
        })
    );
}

#[test]
fn completed_order_is_replayed_from_the_vendor_record() {
    let completed = claimed(State::Completed);
    assert_eq!(plan(&completed, &policy(), at(9).now), Task::Query);
    let found = Event::Queried(QueryVerdict::Found(vendor_record()));
    assert_eq!(
        step_at(9, &completed, found).next,
        Next::End(TerminalOutcome::Completed {
            order: vendor_record(),
            source: Source::Query
        })
    );
    let later = step_at(9, &completed, Event::Queried(QueryVerdict::NotFound));
    assert_eq!(later.state, State::Completed);
    assert!(matches!(later.next, Next::After(_)));
}
