//! What must hold for every event in every state.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch, Outcome, RefusalKind};
use hp_order::{
    Cause, Event, Expiry, FailReason, Next, QueryVerdict, Record, Rejection, Resolution, Source,
    State, TerminalOutcome, step,
};
use proptest::{prelude::*, sample::select};

use crate::sample::{after, claimed, doubt, order, policy, refusal, unknown};

pub(crate) const STATES: [State; 9] = [
    State::Queued,
    State::Submitting,
    State::Uncertain,
    State::Waiting,
    State::Review,
    State::Completed,
    State::Failed,
    State::Rejected,
    State::Expired,
];

const RESOLUTIONS: [Resolution; 3] = [
    Resolution::Completed,
    Resolution::NotCharged,
    Resolution::Resubmit,
];

pub(crate) fn events() -> Vec<Event> {
    let refusals = [
        RefusalKind::Final,
        RefusalKind::LowBalance,
        RefusalKind::StaleDate,
        RefusalKind::NeverSent,
        RefusalKind::Credentials,
    ];
    let doubts = [
        DoubtKind::Exists,
        DoubtKind::Lost,
        DoubtKind::Blocked,
        DoubtKind::Mismatch,
    ];
    let refused =
        refusals.map(|kind| Event::Submitted(Outcome::NotCharged(refusal(kind, Some(400_111)))));
    let doubted = doubts.map(|kind| Event::Submitted(Outcome::Unknown(doubt(kind))));
    let others = [
        Event::Submitted(Outcome::Charged(order())),
        Event::Queried(QueryVerdict::Found(order())),
        Event::Queried(QueryVerdict::Mismatch(Mismatch::Quantity)),
        Event::Queried(QueryVerdict::NotFound),
        unknown(),
        Event::Reconciled(QueryVerdict::Found(order())),
        Event::Reconciled(QueryVerdict::Mismatch(Mismatch::Quantity)),
        Event::Reconciled(QueryVerdict::NotFound),
        Event::Reconciled(QueryVerdict::Unknown(doubt(DoubtKind::Lost))),
        Event::Retried,
        Event::Declined(Rejection::UnknownProduct),
        Event::Expired(Expiry::Deadline),
        Event::Expired(Expiry::GiveUp),
        Event::Released,
        Event::BalanceHeld(Duration::from_secs(30)),
        Event::Panicked,
        Event::Crashed,
        Event::ReplayRequested,
    ];
    let resolved = RESOLUTIONS.into_iter().flat_map(|resolution| {
        [
            QueryVerdict::Found(order()),
            QueryVerdict::Mismatch(Mismatch::Quantity),
            QueryVerdict::NotFound,
            QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        ]
        .map(|finding| Event::Resolved(resolution, finding))
    });
    refused
        .into_iter()
        .chain(doubted)
        .chain(others)
        .chain(resolved)
        .collect()
}

prop_compose! {
    pub(crate) fn records()(
        state in select(STATES.to_vec()),
        cause in proptest::option::of(select(vec![
            Cause::WorkerDied, Cause::RedisRestarted, Cause::Refused, Cause::Answer(DoubtKind::Exists), Cause::Answer(DoubtKind::Lost),
        ])),
        claim in 1_u64..40, attempts in 1_u32..40, checks in 0_u32..40,
        submitted in 0_u64..100_000, restarted in proptest::option::of(0_u64..100_000), deadline in proptest::option::of(0_u64..200_000),
        code in proptest::option::of(select(vec![400_111_i64, 400_113])),
    ) -> Record {
        Record {
            cause, claim, attempts, checks, code,
            submitted_at: Some(after(submitted).now),
            not_found_valid_from: restarted.map(|at| after(at).now),
            deadline: deadline.map(|at| after(at).now),
            failed: (state == State::Failed).then_some((FailReason::Refused, Source::Fetch)),
            rejected: (state == State::Rejected).then_some(Rejection::UnknownProduct),
            ..claimed(state)
        }
    }
}

fn proves_a_charge(event: &Event) -> bool {
    matches!(
        event,
        Event::Submitted(Outcome::Charged(_))
            | Event::Queried(QueryVerdict::Found(_))
            | Event::Reconciled(QueryVerdict::Found(_))
            | Event::Resolved(_, QueryVerdict::Found(_))
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn completed_comes_only_from_a_verified_record(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let step = step(&record, event.clone(), &policy(), after(seconds));
        if matches!(step.next, Next::End(TerminalOutcome::Completed { .. })) {
            prop_assert!(proves_a_charge(&event));
        }
        if step.state == State::Completed && record.state != State::Completed {
            prop_assert!(matches!(step.next, Next::End(TerminalOutcome::Completed { .. })), "no result for a charge");
        }
    }

    #[test]
    fn a_charge_that_is_proven_is_never_dropped(record in records(), seconds in 0_u64..200_000) {
        for event in events().into_iter().filter(proves_a_charge) {
            if !record.state.has_ended() {
                let step = step(&record, event, &policy(), after(seconds));
                prop_assert_eq!(step.state, State::Completed);
            }
        }
    }

    #[test]
    fn doubt_ends_only_by_an_answer_about_the_record(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let doubtful = Record { state: State::Uncertain, ..record };
        let asked = match &event {
            Event::Submitted(_) => true,
            Event::Queried(finding) | Event::Reconciled(finding) | Event::Resolved(_, finding) => {
                matches!(finding, QueryVerdict::Found(_) | QueryVerdict::NotFound)
            }
            _ => false,
        };
        let step = step(&doubtful, event, &policy(), after(seconds));
        prop_assert!(asked || matches!(step.state, State::Uncertain | State::Review), "{:?}", step);
    }

    #[test]
    fn nothing_is_submitted_again_before_a_delayed_request_has_run_out(
        record in records(), seconds in 0_u64..200_000,
    ) {
        let doubtful = Record { state: State::Uncertain, ..record };
        let in_review = Record { state: State::Review, ..doubtful.clone() };
        let asked = [Event::Queried(QueryVerdict::NotFound), Event::Reconciled(QueryVerdict::NotFound)].map(|event| (&doubtful, event));
        let decided = RESOLUTIONS.map(|resolution| (&in_review, Event::Resolved(resolution, QueryVerdict::NotFound)));
        for (record, event) in asked.into_iter().chain(decided) {
            let step = step(record, event, &policy(), after(seconds));
            if matches!(step.state, State::Waiting | State::Queued | State::Failed) && record.cause != Some(Cause::Refused) {
                let now = after(seconds).now;
                prop_assert!(now.since(record.submitted_at.unwrap()) >= policy().resubmit_after);
                prop_assert!(record.not_found_valid_from.is_none_or(|until| now >= until));
            }
        }
    }

    #[test]
    fn an_ended_order_stays_as_it_ended(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let state = if record.state.has_ended() { record.state } else { State::Completed };
        let record = Record { state, ..record };
        let step = step(&record, event, &policy(), after(seconds));
        prop_assert_eq!(step.state, record.state);
        match step.next {
            Next::End(ending) => prop_assert_eq!(ending.status().as_str(), record.state.as_str()),
            Next::After(delay) => prop_assert!(delay.as_secs() >= 1, "it is asked for without a pause"),
            Next::Review => prop_assert!(false, "an ended order needs nobody"),
        }
    }

    #[test]
    fn every_open_order_is_looked_at_again_or_shown_to_a_person(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let step = step(&record, event, &policy(), after(seconds));
        match step.next {
            Next::After(_) => prop_assert!(step.state != State::Review),
            Next::Review => prop_assert_eq!(step.state, State::Review),
            Next::End(_) => prop_assert!(step.state.has_ended()),
        }
    }
}
