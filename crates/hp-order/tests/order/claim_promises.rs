//! What must hold for every claim in every state.

use hp_order::{ClaimFacts, Millis, Record, State, Task, claim, plan};
use proptest::prelude::*;

use crate::{
    promises::records,
    sample::{at, policy},
};

prop_compose! {
    fn facts()(
        seconds in 0_u64..200_000, is_older_epoch: bool, is_named: bool, has_claimant_vanished: bool,
        wait in 0_u64..100_000,
    ) -> ClaimFacts {
        ClaimFacts {
            now: at(seconds).now,
            is_older_epoch,
            is_named,
            has_claimant_vanished,
            resubmit_after: policy().resubmit_after,
            not_found_valid_from: is_older_epoch.then(|| at(seconds + wait).now),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn claim_never_lowers_a_counter(record in records(), facts in facts()) {
        let claimed = claim(&record, &facts);
        prop_assert_eq!(claimed.claim, record.claim + 1);
        prop_assert!(claimed.attempts >= record.attempts);
        prop_assert!(claimed.checks >= record.checks);
        prop_assert!(claimed.crashes >= record.crashes);
    }

    #[test]
    fn claim_for_submission_raises_attempts_first(record in records(), facts in facts()) {
        let claimed = claim(&record, &facts);
        if claimed.state == State::Submitting {
            prop_assert_eq!(claimed.attempts, record.attempts + 1);
            prop_assert_eq!(claimed.submitted_at, Some(facts.now));
            prop_assert_eq!(claimed.arrives_until, Some(facts.now.plus(facts.resubmit_after)));
            let first = record.first_submitted_at.or(Some(facts.now));
            prop_assert_eq!(claimed.first_submitted_at, first, "a later submission keeps it");
        } else {
            prop_assert_eq!(claimed.submitted_at, record.submitted_at);
            prop_assert_eq!(claimed.arrives_until, record.arrives_until);
            prop_assert_eq!(claimed.first_submitted_at, record.first_submitted_at);
        }
    }

    #[test]
    fn claim_never_makes_a_sent_order_submittable(
        record in records(), all_facts in proptest::collection::vec(facts(), 1..6), now in 0_u64..200_000,
    ) {
        let is_sent = matches!(record.state, State::Submitting | State::Uncertain | State::Review);
        if is_sent || record.state.has_ended() {
            let claimed = all_facts.iter().fold(record, |record, facts| claim(&record, facts));
            prop_assert!(!matches!(claimed.state, State::Queued | State::Waiting | State::Submitting));
            prop_assert_ne!(plan(&claimed, &policy(), at(now).now), Task::Submit);
        }
    }

    #[test]
    fn claim_never_submits_an_order_of_an_older_epoch(record in records(), facts in facts()) {
        let facts = ClaimFacts { is_older_epoch: true, ..facts };
        let claimed = claim(&record, &facts);
        prop_assert_ne!(claimed.state, State::Submitting);
        if !record.state.has_ended() {
            prop_assert_eq!(claimed.not_found_valid_from, facts.not_found_valid_from);
        }
    }

    #[test]
    fn claim_never_ends_an_order_nor_ends_a_doubt(record in records(), facts in facts()) {
        let claimed = claim(&record, &facts);
        prop_assert_eq!(claimed.state.has_ended(), record.state.has_ended());
        if matches!(record.state, State::Submitting | State::Uncertain) {
            prop_assert_eq!(claimed.state, State::Uncertain);
            prop_assert!(claimed.cause.is_some() || record.state == State::Uncertain);
        }
        if record.state == State::Review {
            prop_assert_eq!(claimed.state, State::Review);
        }
    }

    #[test]
    fn claim_keeps_what_it_does_not_decide(record in records(), facts in facts()) {
        let claimed = claim(&record, &facts);
        let restored = Record {
            state: record.state,
            cause: record.cause,
            claim: record.claim,
            attempts: record.attempts,
            checks: record.checks,
            crashes: record.crashes,
            first_submitted_at: record.first_submitted_at,
            submitted_at: record.submitted_at,
            arrives_until: record.arrives_until,
            not_found_valid_from: record.not_found_valid_from,
            ..claimed
        };
        prop_assert_eq!(restored, record);
    }

    #[test]
    fn claim_time_alone_changes_only_submission_times(record in records(), facts in facts(), later: u32) {
        let first = claim(&record, &facts);
        let second = claim(&record, &ClaimFacts { now: Millis(facts.now.0 + u64::from(later)), ..facts });
        let same = Record {
            first_submitted_at: first.first_submitted_at,
            submitted_at: first.submitted_at,
            arrives_until: first.arrives_until,
            ..second
        };
        prop_assert_eq!(first, same);
    }
}
