//! Replays of an ended order.

use hp_order::{
    Event, FailReason, Next, QueryVerdict, Record, Source, State, Task, TerminalOutcome, plan,
};

use crate::sample::{at, claimed, older_vendor_record, policy, step_at, vendor_record};

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
fn closed_order_is_replayed_with_its_evidence() {
    let closed = Record {
        failed: Some((FailReason::Closed, Source::Query)),
        message: Some("the order has quantity 2".into()),
        ..claimed(State::Failed)
    };
    let step = step_at(9, &closed, Event::ReplayRequested);
    assert_eq!(step.message, closed.message);
    assert!(matches!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Closed,
            ..
        })
    ));
}

#[test]
fn replay_needs_the_record_of_the_first_result() {
    for (hp_order_id, is_replayed) in [(None, true), (Some(417), true), (Some(416), false)] {
        let completed = Record {
            hp_order_id,
            ..claimed(State::Completed)
        };
        let found = Event::Queried(QueryVerdict::Found(older_vendor_record()));
        let step = step_at(9, &completed, found);
        assert_eq!(step.state, State::Completed);
        assert_eq!(
            matches!(step.next, Next::End(_)),
            is_replayed,
            "{hp_order_id:?}"
        );
    }
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
