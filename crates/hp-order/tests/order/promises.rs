//! What must hold for every event in every state.

use hp_api::{DoubtKind, Outcome};
use hp_order::{
    Cause, Event, FailReason, Next, QueryVerdict, Record, Rejection, Resolution, Source, State,
    TerminalOutcome, step,
};
use proptest::{prelude::*, sample::select};

use crate::sample::{RESOLUTIONS, at, claimed, events, policy};

prop_compose! {
    pub(crate) fn records()(
        state in select(State::ALL.to_vec()),
        cause in proptest::option::of(select(vec![
            Cause::WorkerDied, Cause::RedisRestarted, Cause::Refused,
            Cause::Answer(DoubtKind::Exists), Cause::Answer(DoubtKind::Lost),
        ])),
        claim in 1_u64..40, attempts in 1_u32..40, checks in 0_u32..40,
        submitted in 0_u64..100_000,
        first in proptest::option::of(0_u64..100_000),
        valid_from in proptest::option::of(0_u64..100_000),
        deadline in proptest::option::of(0_u64..200_000),
        code in proptest::option::of(select(vec![400_111_i64, 400_113])),
    ) -> Record {
        Record {
            cause, claim, attempts, checks, code,
            first_submitted_at: first.map(|seconds| at(seconds.min(submitted)).now),
            submitted_at: Some(at(submitted).now),
            arrives_until: Some(at(submitted + 300).now),
            not_found_valid_from: valid_from.map(|seconds| at(seconds).now),
            deadline: deadline.map(|seconds| at(seconds).now),
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

/// The rule, written again: the record is not older than the order, or Redis may have forgotten the submission, or an
/// operator says that it belongs.
fn belongs(record: &Record, event: &Event, seconds: u64) -> bool {
    let order = match event {
        Event::Resolved(Resolution::Completed, _) => return true,
        Event::Submitted(Outcome::Charged(order))
        | Event::Queried(QueryVerdict::Found(order))
        | Event::Reconciled(QueryVerdict::Found(order))
        | Event::Resolved(_, QueryVerdict::Found(order)) => order,
        _ => return false,
    };
    let tolerance = policy().clock_tolerance;
    let now = at(seconds).now;
    let is_as_old =
        |first| first > now || order.record_age.unwrap() <= now.since(first) + tolerance;
    record.cause == Some(Cause::RedisRestarted) || record.first_submitted_at.is_some_and(is_as_old)
}

/// The rule, written again: an operator closes an order in review whose submissions have all arrived.
fn may_be_closed(record: &Record, event: &Event, seconds: u64) -> bool {
    let now = at(seconds).now;
    let has_arrived = record.cause == Some(Cause::Refused) || now >= record.arrives_until.unwrap();
    matches!(event, Event::Resolved(Resolution::Closed, _))
        && record.state == State::Review
        && has_arrived
        && record.not_found_valid_from.is_none_or(|until| now >= until)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn completed_needs_a_verified_record(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let step = step(&record, event.clone(), &policy(), at(seconds));
        if matches!(step.next, Next::End(TerminalOutcome::Completed { .. })) {
            prop_assert!(proves_a_charge(&event));
        }
        if step.state == State::Completed && record.state != State::Completed {
            let is_published = matches!(step.next, Next::End(TerminalOutcome::Completed { .. }));
            prop_assert!(is_published, "a charge without a result");
        }
    }

    #[test]
    fn proven_charge_completes_or_needs_an_operator(
        record in records(), seconds in 0_u64..200_000,
    ) {
        for event in events().into_iter().filter(proves_a_charge) {
            if !record.state.has_ended() {
                let otherwise = if may_be_closed(&record, &event, seconds) {
                    State::Failed
                } else {
                    State::Review
                };
                let is_own = belongs(&record, &event, seconds);
                let step = step(&record, event, &policy(), at(seconds));
                prop_assert_eq!(step.state, if is_own { State::Completed } else { otherwise });
            }
        }
    }

    #[test]
    fn doubt_ends_only_with_an_answer_about_the_record(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let uncertain = Record { state: State::Uncertain, ..record };
        let is_answered = match &event {
            Event::Submitted(_) | Event::AccountRefused(_) | Event::OrderRefused(_) => true,
            Event::Queried(verdict) | Event::Reconciled(verdict) | Event::Resolved(_, verdict) => {
                matches!(verdict, QueryVerdict::Found(_) | QueryVerdict::NotFound)
            }
            _ => false,
        };
        let step = step(&uncertain, event, &policy(), at(seconds));
        prop_assert!(is_answered || matches!(step.state, State::Uncertain | State::Review), "{:?}", step);
    }

    #[test]
    fn resubmission_waits_for_delayed_requests(
        record in records(), seconds in 0_u64..200_000,
    ) {
        let uncertain = Record { state: State::Uncertain, ..record };
        let in_review = Record { state: State::Review, ..uncertain.clone() };
        let not_found = || QueryVerdict::NotFound;
        let queried = [Event::Queried(not_found()), Event::Reconciled(not_found())]
            .map(|event| (&uncertain, event));
        let resolved = RESOLUTIONS
            .map(|resolution| (&in_review, Event::Resolved(resolution, not_found())));
        for (record, event) in queried.into_iter().chain(resolved) {
            let step = step(record, event, &policy(), at(seconds));
            let is_not_charged = matches!(step.state, State::Waiting | State::Queued | State::Failed);
            if is_not_charged && record.cause != Some(Cause::Refused) {
                let now = at(seconds).now;
                prop_assert!(now >= record.arrives_until.unwrap());
                prop_assert!(record.not_found_valid_from.is_none_or(|until| now >= until));
            }
        }
    }

    #[test]
    fn ended_order_never_changes(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let state = if record.state.has_ended() { record.state } else { State::Completed };
        let record = Record { state, ..record };
        let step = step(&record, event, &policy(), at(seconds));
        prop_assert_eq!(step.state, record.state);
        match step.next {
            Next::End(outcome) => prop_assert_eq!(outcome.status().as_str(), record.state.as_str()),
            Next::After(delay) => prop_assert!(delay.as_secs() >= 1, "a replay is retried without a delay"),
            Next::Parked => prop_assert_eq!(record.state, State::Completed),
            Next::Review => prop_assert!(false, "an ended order needs no review"),
            Next::Held { .. } => prop_assert!(false, "an ended order is not held"),
        }
    }

    #[test]
    fn open_order_is_scheduled_or_in_review(
        record in records(), event in select(events()), seconds in 0_u64..200_000,
    ) {
        let step = step(&record, event, &policy(), at(seconds));
        match step.next {
            Next::After(_) => prop_assert!(step.state != State::Review),
            Next::Held { .. } => prop_assert!(step.state.is_unsent()),
            Next::Review => prop_assert_eq!(step.state, State::Review),
            Next::End(_) | Next::Parked => prop_assert!(step.state.has_ended()),
        }
    }
}
