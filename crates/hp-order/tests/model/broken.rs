//! The checker notices when a rule is left out, or an assumption does not hold: so the rule, or the assumption, is
//! needed, and the checker is worth something.

use crate::{
    check::check,
    kept::{CALM_REDIS, ONE_FALL, TWO_FALLS},
    promises::Promise,
    rules::{Assumption, Bounds, Dropped, Fault, Setting},
};

fn finds(promise: Promise, setting: Setting) {
    let Some(broken) = check(setting) else {
        panic!("all promises hold without it");
    };
    println!("{}", broken.story);
    assert_eq!(broken.promise, promise, "{}", broken.story);
}

fn without(fault: Fault, bounds: Bounds) -> Setting {
    Setting {
        fault: Some(fault),
        looks_ahead: fault == Fault::LeasesNeverEnd,
        ..bounds.setting()
    }
}

fn unless(assumption: Assumption, bounds: Bounds) -> Setting {
    Setting {
        dropped: Dropped::One(assumption),
        looks_ahead: false,
        ..bounds.setting()
    }
}

macro_rules! finds {
    ($($name:ident: $promise:ident, $setting:expr;)*) => { $(
        #[test]
        fn $name() {
            finds(Promise::$promise, $setting);
        }
    )* };
}

finds! {
    the_checker_finds_a_worker_that_retries_without_asking:
        NeverChargedTwice, without(Fault::RetriesWithoutAsking, CALM_REDIS);
    the_checker_finds_a_not_found_that_is_believed_at_once:
        NeverChargedTwice, without(Fault::BelievesNotFoundAtOnce, CALM_REDIS);
    the_checker_finds_a_no_that_is_believed_without_the_probe:
        NeverChargedTwice, without(Fault::BelievesAnyNo, CALM_REDIS);
    the_checker_finds_a_not_found_that_was_asked_for_too_early:
        NeverChargedTwice, without(Fault::JudgesByTheTimeOfTheAnswer, CALM_REDIS);
    the_checker_finds_an_attempt_that_is_stored_too_late:
        NeverChargedTwice, without(Fault::StoresAttemptsTooLate, CALM_REDIS);
    the_checker_finds_a_worker_that_sends_after_its_lease:
        NeverChargedTwice, without(Fault::SendsAfterItsLease, CALM_REDIS);
    the_checker_finds_an_order_that_nobody_takes_over:
        NeverLost, without(Fault::LeasesNeverEnd, CALM_REDIS);
    the_checker_finds_a_settling_that_does_not_compare_the_claim:
        EndsAreFinal, without(Fault::SettlesWithoutClaim, CALM_REDIS);
    the_checker_finds_a_settling_that_does_not_compare_the_epoch:
        EndsAreFinal, without(Fault::SettlesWithoutEpoch, ONE_FALL);
    the_checker_finds_that_a_restarted_redis_is_trusted:
        NeverChargedTwice, without(Fault::TrustsARestartedRedis, ONE_FALL);
    the_checker_finds_a_repetition_that_is_no_longer_in_doubt_when_it_is_taken:
        NeverChargedTwice, without(Fault::DoubtsByTheTimeOfTheTake, ONE_FALL);
    the_checker_finds_an_order_that_is_closed_by_a_claim_from_before_a_restart:
        NotChargedOnlyIfNot, without(Fault::EndsAcrossARestart, ONE_FALL);
    the_checker_finds_that_evidence_of_loss_is_ignored:
        NeverChargedTwice, without(Fault::IgnoresEvidence, ONE_FALL);
    the_checker_finds_a_claim_that_outlives_evidence_of_loss:
        NeverChargedTwice, without(Fault::EvidenceIsNoNewEpoch, ONE_FALL);
    the_checker_finds_that_evidence_is_erased_by_a_second_fall:
        NeverChargedTwice, without(Fault::EvidenceIsNotCounted, TWO_FALLS);
    the_checker_finds_that_an_earlier_restart_is_forgotten:
        NeverChargedTwice, without(Fault::ForgetsAnEarlierRestart, TWO_FALLS);

    resubmit_after_has_to_cover_the_time_from_the_claim_to_the_sending:
        NeverChargedTwice, unless(Assumption::TransitIncludesLease, CALM_REDIS);
    a_living_worker_has_to_show_its_evidence_within_a_lease:
        NeverChargedTwice, unless(Assumption::EvidenceInTime, ONE_FALL);
    what_a_dead_worker_sent_has_to_arrive_within_a_lease_of_a_restart:
        NeverChargedTwice, unless(Assumption::LastGaspsAreShort, ONE_FALL);
    an_order_that_redis_forgot_must_not_be_repeated_late:
        NeverChargedTwice, unless(Assumption::ForgottenOrdersAreRepeatedSoon, ONE_FALL);
    redis_must_not_forget_the_very_first_take:
        NeverChargedTwice, unless(Assumption::NotTheFirstTake, ONE_FALL);
}
