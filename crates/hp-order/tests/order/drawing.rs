//! The drawing in the crate's documentation is the truth, and all of it.

use std::collections::BTreeSet;

use hp_api::DoubtKind;
use hp_order::{Cause, Record, State, step};

use crate::{
    promises::{STATES, events},
    sample::{after, claimed, policy},
};

type Arrows = BTreeSet<(String, String)>;

fn drawn() -> Arrows {
    let text = include_str!("../../src/lib.rs");
    let drawing = text.split("```").nth(1).unwrap();
    drawing
        .lines()
        .filter_map(|line| line.trim_start_matches("//!").split_once("->"))
        .map(|(from, rest)| {
            (
                from.trim().into(),
                rest.split_whitespace().next().unwrap().into(),
            )
        })
        .collect()
}

/// What `take` does; the scripts' own tests hold it to this.
fn taken() -> Arrows {
    [
        ("(inbox)", "submitting"),
        ("(inbox)", "uncertain"),
        ("queued", "submitting"),
        ("queued", "uncertain"),
        ("waiting", "submitting"),
        ("waiting", "uncertain"),
        ("submitting", "uncertain"),
    ]
    .map(|(from, to)| (from.into(), to.into()))
    .into()
}

/// What `step` does with every event that a worker can have for an order in this state.
fn stepped() -> Arrows {
    let causes = [
        None,
        Some(Cause::Refused),
        Some(Cause::WorkerDied),
        Some(Cause::RedisRestarted),
        Some(Cause::Answer(DoubtKind::Exists)),
    ];
    let mut arrows = Arrows::new();
    for state in STATES.into_iter().filter(|state| !state.has_ended()) {
        for (cause, attempts, seconds) in causes.into_iter().flat_map(|cause| {
            [
                (cause, 1, 10),
                (cause, 1, 400),
                (cause, 2, 400),
                (cause, 2, 90_000),
            ]
        }) {
            let record = Record {
                cause,
                attempts,
                ..claimed(state)
            };
            let fitting = events().into_iter().filter(|event| fits(state, event));
            arrows.extend(fitting.map(|event| {
                (
                    state.to_string(),
                    step(&record, event, &policy(), after(seconds))
                        .state
                        .to_string(),
                )
            }));
        }
    }
    arrows
}

fn fits(state: State, event: &hp_order::Event) -> bool {
    use hp_order::Event::{
        BalanceHeld, Crashed, Declined, Expired, Panicked, Queried, Reconciled, Released,
        ReplayRequested, Resolved, Retried, Submitted,
    };
    let is_unsent = matches!(state, State::Queued | State::Waiting);
    match event {
        Submitted(_) | Declined(_) | Expired(_) | BalanceHeld(_) => state == State::Submitting,
        Queried(_) => matches!(state, State::Uncertain | State::Review),
        Reconciled(_) => state != State::Submitting,
        Resolved(..) => state == State::Review,
        Retried => is_unsent || state == State::Review,
        Crashed => state == State::Uncertain,
        Released => true,
        Panicked => matches!(state, State::Submitting | State::Uncertain),
        ReplayRequested => false,
    }
}

#[test]
fn the_drawing_shows_every_turn_and_no_other() {
    let real: Arrows = taken().into_iter().chain(stepped()).collect();
    assert_eq!(drawn(), real);
}
