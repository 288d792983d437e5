//! What a claim decides.

use hp_order::{Cause, ClaimConditions, ClaimFacts, EpochDoubt, Record, State, claim, claim_rule};

use crate::sample::{at, claimed, policy};

/// The order is due in its own epoch, and its last claimant settled.
fn due() -> ClaimFacts {
    ClaimFacts {
        now: at(50).now,
        is_older_epoch: false,
        is_named: false,
        has_claimant_vanished: false,
        resubmit_after: policy().resubmit_after,
        not_found_valid_from: Some(at(90).now),
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
        not_found_valid_from: Some(at(20).now),
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
    let new = Record::admitted(claimed(State::Queued).wanted, at(50).now);
    let expected = Record {
        state: State::Submitting,
        claim: 1,
        attempts: 1,
        first_submitted_at: Some(at(50).now),
        submitted_at: Some(at(50).now),
        arrives_until: Some(at(350).now),
        ..new.clone()
    };
    assert_eq!(claim(&new, &due()), expected);
    assert!(expected.is_first_attempt());
}

#[test]
fn new_order_that_redis_may_have_forgotten_is_queried() {
    let new = Record::admitted(claimed(State::Queued).wanted, at(50).now);
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
            first_submitted_at: stored(state).first_submitted_at.or(Some(due().now)),
            submitted_at: Some(due().now),
            arrives_until: Some(at(350).now),
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
fn submitting_order_is_doubted_as_its_worker_died() {
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
