//! The state diagram in the crate's documentation shows exactly the transitions that exist.

use std::{collections::BTreeSet, time::Duration};

use hp_api::DoubtKind;
use hp_order::{Cause, ClaimConditions, ClaimFacts, Event, Record, State, claim, step};

use crate::sample::{at, claimed, events, policy};

type Transitions = BTreeSet<(String, String)>;

const CAUSES: [Option<Cause>; 5] = [
    None,
    Some(Cause::Refused),
    Some(Cause::WorkerDied),
    Some(Cause::RedisRestarted),
    Some(Cause::Answer(DoubtKind::Exists)),
];

/// Attempts so far, and seconds since admission: before and after each limit.
const HISTORIES: [(u32, u64); 4] = [(1, 10), (1, 400), (2, 400), (2, 90_000)];

fn documented() -> Transitions {
    let text = include_str!("../../src/lib.rs");
    let diagram = text.split("```").nth(1).unwrap();
    diagram
        .lines()
        .filter_map(|line| line.trim_start_matches("//!").split_once("->"))
        .map(|(from, rest)| {
            let to = rest.split_whitespace().next().unwrap();
            (from.trim().into(), to.into())
        })
        .collect()
}

fn open_states() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| !state.has_ended())
}

/// Every claim of a new order, and of every open order.
fn claims() -> Transitions {
    let new = Record::admitted(claimed(State::Queued).wanted, at(0).now);
    let is_admission = |conditions: &ClaimConditions| !conditions.is_named;
    let admissions = ClaimConditions::ALL
        .into_iter()
        .filter(is_admission)
        .map(|conditions| ("(inbox)".into(), state_after_claim(&new, conditions)));
    let others = open_states().flat_map(|state| {
        ClaimConditions::ALL.map(|conditions| {
            let to = state_after_claim(&claimed(state), conditions);
            (state.to_string(), to)
        })
    });
    admissions.chain(others).collect()
}

fn state_after_claim(record: &Record, conditions: ClaimConditions) -> String {
    let facts = ClaimFacts {
        now: at(0).now,
        is_older_epoch: conditions.is_older_epoch,
        is_named: conditions.is_named,
        has_claimant_vanished: conditions.has_claimant_vanished,
        resubmit_after: Duration::ZERO,
        not_found_valid_from: None,
    };
    claim(record, &facts).state.to_string()
}

/// Every event that can happen to an order in this state after its claim.
fn steps() -> Transitions {
    let mut transitions = Transitions::new();
    for state in open_states() {
        // An order that was never sent is not in doubt.
        let causes = CAUSES
            .iter()
            .filter(|cause| !state.is_unsent() || cause.is_none());
        for &cause in causes {
            for (attempts, seconds) in HISTORIES {
                let record = Record {
                    cause,
                    attempts,
                    ..claimed(state)
                };
                let possible = events()
                    .into_iter()
                    .filter(|event| is_possible(state, event));
                transitions.extend(possible.map(|event| {
                    let step = step(&record, event, &policy(), at(seconds));
                    (state.to_string(), step.state.to_string())
                }));
            }
        }
    }
    transitions
}

fn is_possible(state: State, event: &Event) -> bool {
    match event {
        Event::Submitted(_)
        | Event::AccountRefused(_)
        | Event::OrderRefused(_)
        | Event::Declined(_)
        | Event::Expired(_)
        | Event::BalanceHeld(_)
        | Event::HeldForBalance(_) => state == State::Submitting,
        Event::Queried(_) | Event::OtherAccount => {
            matches!(state, State::Uncertain | State::Review)
        }
        Event::Reconciled(_) => state != State::Submitting,
        Event::Resolved(..) => state == State::Review,
        Event::Retried => state.is_unsent() || state == State::Review,
        Event::Crashed => state == State::Uncertain,
        Event::Released => true,
        Event::Panicked => matches!(state, State::Submitting | State::Uncertain),
        Event::ReplayRequested => false,
    }
}

#[test]
fn state_diagram_shows_every_transition_and_no_other() {
    let actual: Transitions = claims().into_iter().chain(steps()).collect();
    assert_eq!(documented(), actual);
}
