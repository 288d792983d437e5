//! An order that was submitted on another account is never queried with this one.

use std::time::Duration;

use hp_order::{Cause, Event, Next, Record, State, Task, plan, step};

use crate::sample::{at, claimed, policy};

fn on_other_account(state: State) -> Record {
    Record {
        other_account: Some("old@https://api.hitpoints.com".into()),
        cause: Some(Cause::WorkerDied),
        ..claimed(state)
    }
}

#[test]
fn other_account_is_never_queried() {
    for state in [State::Uncertain, State::Review, State::Completed] {
        let record = on_other_account(state);
        let task = plan(&record, &policy(), at(0).now);
        assert_eq!(task, Task::Conclude(Event::OtherAccount), "{state}");
    }
    let poison = Record {
        crashes: u32::MAX,
        ..on_other_account(State::Uncertain)
    };
    let task = plan(&poison, &policy(), at(0).now);
    assert_eq!(task, Task::Conclude(Event::OtherAccount));
}

#[test]
fn other_account_leads_to_review_with_evidence() {
    for state in [State::Uncertain, State::Review] {
        let step = step(
            &on_other_account(state),
            Event::OtherAccount,
            &policy(),
            at(0),
        );
        assert_eq!((step.state, step.next), (State::Review, Next::Review));
        assert_eq!(step.cause, Some(Cause::WorkerDied));
        assert!(step.message.unwrap().contains("old@https://api.hitpoints"));
    }
}

#[test]
fn other_account_does_not_stop_a_new_submission() {
    let waiting = on_other_account(State::Submitting);
    assert_eq!(plan(&waiting, &policy(), at(0).now), Task::Submit);
}

#[test]
fn other_account_parks_the_replay() {
    let record = on_other_account(State::Completed);
    let parked = step(&record, Event::OtherAccount, &policy(), at(0));
    assert_eq!(
        (parked.state, parked.next),
        (State::Completed, Next::Parked)
    );
    let released = step(&record, Event::Released, &policy(), at(0));
    assert!(matches!(released.next, Next::After(delay) if delay > Duration::ZERO));
}
