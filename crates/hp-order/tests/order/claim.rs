//! What a claim decides.

use hp_order::{
    Cause, ClaimConditions, ClaimFacts, EpochDoubt, Millis, Record, State, Task, claim, claim_rule,
    plan,
};
use proptest::prelude::*;

use crate::{
    promises::records,
    sample::{after, claimed, policy},
};

/// The order is due in its own epoch, and its last claimant settled.
fn due() -> ClaimFacts {
    ClaimFacts {
        now: after(50).now,
        is_older_epoch: false,
        is_named: false,
        has_claimant_vanished: false,
        not_found_valid_from: Some(after(90).now),
    }
}

fn older() -> ClaimFacts {
    ClaimFacts {
        is_older_epoch: true,
        ..due()
    }
}

fn deserted() -> ClaimFacts {
    ClaimFacts {
        has_claimant_vanished: true,
        ..due()
    }
}

fn named(facts: ClaimFacts) -> ClaimFacts {
    ClaimFacts {
        is_named: true,
        ..facts
    }
}

/// An order in `state` that carries a doubt from an earlier epoch.
fn stored(state: State) -> Record {
    Record {
        attempts: 3,
        checks: 4,
        crashes: 2,
        not_found_valid_from: Some(after(20).now),
        ..claimed(state)
    }
}

/// The claim number is the only change that all claims make.
fn next(record: Record) -> Record {
    Record {
        claim: record.claim + 1,
        ..record
    }
}

#[test]
fn new_order_is_claimed_for_its_first_attempt() {
    let new = Record::admitted(claimed(State::Queued).wanted, after(50).now);
    let expected = Record {
        state: State::Submitting,
        claim: 1,
        attempts: 1,
        submitted_at: Some(after(50).now),
        ..new.clone()
    };
    assert_eq!(claim(&new, &due()), expected);
    assert!(expected.is_first_attempt());
}

#[test]
fn new_order_that_redis_may_have_forgotten_is_queried() {
    let new = Record::admitted(claimed(State::Queued).wanted, after(50).now);
    let expected = Record {
        state: State::Uncertain,
        cause: Some(Cause::RedisRestarted),
        claim: 1,
        attempts: 1,
        checks: 1,
        submitted_at: None,
        not_found_valid_from: older().not_found_valid_from,
        ..new.clone()
    };
    assert_eq!(claim(&new, &older()), expected);
}

#[test]
fn unsent_order_that_is_due_is_submitted() {
    for state in [State::Queued, State::Waiting] {
        let record = stored(state);
        let expected = Record {
            state: State::Submitting,
            attempts: 4,
            submitted_at: Some(due().now),
            ..next(record.clone())
        };
        assert_eq!(claim(&record, &due()), expected);
    }
}

#[test]
fn unsent_order_that_is_named_stays_as_it_is() {
    for state in [State::Queued, State::Waiting] {
        let record = stored(state);
        let expected = Record {
            not_found_valid_from: None,
            ..next(record.clone())
        };
        assert_eq!(claim(&record, &named(due())), expected);
        assert_eq!(claim(&record, &named(deserted())), expected);
    }
}

#[test]
fn unsent_order_of_an_older_epoch_is_doubted() {
    for state in [State::Queued, State::Waiting] {
        for facts in [older(), named(older())] {
            let record = stored(state);
            let expected = Record {
                state: State::Uncertain,
                cause: Some(Cause::RedisRestarted),
                attempts: 4,
                checks: 5,
                not_found_valid_from: facts.not_found_valid_from,
                ..next(record.clone())
            };
            assert_eq!(claim(&record, &facts), expected);
        }
    }
}

#[test]
fn submitting_order_is_doubted_because_its_worker_died() {
    let record = stored(State::Submitting);
    let expected = Record {
        state: State::Uncertain,
        cause: Some(Cause::WorkerDied),
        checks: 5,
        crashes: 3,
        ..next(record.clone())
    };
    assert_eq!(claim(&record, &deserted()), expected);
    assert_eq!(claim(&record, &named(deserted())), expected);
}

#[test]
fn uncertain_order_keeps_its_cause() {
    for cause in [Cause::Refused, Cause::RedisRestarted] {
        let record = Record {
            cause: Some(cause),
            ..stored(State::Uncertain)
        };
        let expected = Record {
            checks: 5,
            ..next(record.clone())
        };
        assert_eq!(claim(&record, &due()), expected);
        assert_eq!(claim(&record, &named(due())), expected);
    }
}

#[test]
fn older_epoch_starts_the_doubt_without_a_crash() {
    let facts = ClaimFacts {
        has_claimant_vanished: true,
        ..older()
    };
    for state in [State::Submitting, State::Uncertain, State::Review] {
        let record = claim(&stored(state), &facts);
        assert_eq!(record.crashes, 2);
        assert_eq!(record.not_found_valid_from, facts.not_found_valid_from);
    }
}

#[test]
fn review_order_changes_only_its_crashes_and_doubt() {
    let record = Record {
        cause: Some(Cause::Refused),
        ..stored(State::Review)
    };
    let settled = next(record.clone());
    assert_eq!(claim(&record, &named(due())), settled);
    let vanished = Record {
        crashes: 3,
        ..settled.clone()
    };
    assert_eq!(claim(&record, &named(deserted())), vanished);
    let doubted = Record {
        not_found_valid_from: older().not_found_valid_from,
        ..settled
    };
    assert_eq!(claim(&record, &named(older())), doubted);
}

#[test]
fn ended_order_changes_only_its_claim() {
    for state in State::ALL.into_iter().filter(|state| state.has_ended()) {
        let record = stored(state);
        for facts in [due(), older(), deserted(), named(older())] {
            assert_eq!(claim(&record, &facts), next(record.clone()));
        }
    }
}

#[test]
fn claim_conditions_list_every_combination_once() {
    let all = ClaimConditions::ALL;
    let distinct: std::collections::HashSet<_> = all.into_iter().collect();
    assert_eq!((all.len(), distinct.len()), (8, 8));
}

#[test]
fn claim_rule_has_no_conflicting_changes() {
    for state in State::ALL {
        for conditions in ClaimConditions::ALL {
            let rule = claim_rule(state, conditions);
            let is_unsent = matches!(state, State::Queued | State::Waiting);
            let counters = [rule.attempts, rule.checks, rule.crashes];
            assert!(counters.iter().all(|added| *added <= 1), "{rule:?}");
            assert_eq!(rule.is_submission, rule.state == State::Submitting);
            assert!(is_unsent || rule.attempts == 0, "{rule:?}");
            let begins = rule.epoch_doubt == EpochDoubt::Begins;
            assert_eq!(begins, conditions.is_older_epoch && !state.has_ended());
        }
    }
}

prop_compose! {
    fn facts()(
        seconds in 0_u64..200_000, is_older_epoch: bool, is_named: bool, has_claimant_vanished: bool,
        wait in 0_u64..100_000,
    ) -> ClaimFacts {
        ClaimFacts {
            now: after(seconds).now,
            is_older_epoch,
            is_named,
            has_claimant_vanished,
            not_found_valid_from: is_older_epoch.then(|| after(seconds + wait).now),
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
        } else {
            prop_assert_eq!(claimed.submitted_at, record.submitted_at);
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
            prop_assert_ne!(plan(&claimed, &policy(), after(now).now), Task::Submit);
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
            submitted_at: record.submitted_at,
            not_found_valid_from: record.not_found_valid_from,
            ..claimed
        };
        prop_assert_eq!(restored, record);
    }

    #[test]
    fn claim_time_alone_changes_only_submitted_at(record in records(), facts in facts(), later: u32) {
        let first = claim(&record, &facts);
        let second = claim(&record, &ClaimFacts { now: Millis(facts.now.0 + u64::from(later)), ..facts });
        let same = Record { submitted_at: first.submitted_at, ..second };
        prop_assert_eq!(first, same);
    }
}
