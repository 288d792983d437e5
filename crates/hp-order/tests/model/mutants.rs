//! The checker finds every planted fault and every dropped assumption. So each rule and each assumption is needed, and
//! the checker is able to find faults.

use crate::{
    bounds::{
        ACCOUNT_SWITCH, CLOCK_STEPS, EXPIRY, FEW_FAILURES, NO_ROLLBACK, ONE_ROLLBACK, PROMOTION,
        TWO_ROLLBACKS,
    },
    checker::check,
    promises::Promise,
    setting::{Assumption, Bounds, Dropped, Fault, RepeatedId, Setting},
};

fn finds(promise: Promise, setting: Setting) {
    let Some(counterexample) = check(setting) else {
        panic!("all promises hold without it");
    };
    println!("{}", counterexample.trace);
    assert_eq!(counterexample.promise, promise, "{}", counterexample.trace);
}

fn with(fault: Fault, bounds: Bounds) -> Setting {
    with_in(fault, bounds.setting())
}

fn with_in(fault: Fault, setting: Setting) -> Setting {
    Setting {
        fault: Some(fault),
        looks_ahead: matches!(fault, Fault::LeasesNeverEnd | Fault::TrustsFarDueTime),
        ..setting
    }
}

fn without(assumption: Assumption, bounds: Bounds) -> Setting {
    without_in(assumption, bounds.setting())
}

fn without_in(assumption: Assumption, setting: Setting) -> Setting {
    Setting {
        dropped: Dropped::One(assumption),
        looks_ahead: false,
        ..setting
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
    mutant_that_resubmits_without_query:
        NeverChargedTwice, with(Fault::ResubmitsWithoutQuery, NO_ROLLBACK);
    mutant_that_trusts_not_found_at_once:
        NeverChargedTwice, with(Fault::TrustsNotFoundAtOnce, NO_ROLLBACK);
    mutant_that_trusts_any_denial:
        NeverChargedTwice, with(Fault::TrustsAnyDenial, NO_ROLLBACK);
    mutant_that_judges_not_found_by_answer_time:
        NeverChargedTwice, with(Fault::JudgesNotFoundByAnswerTime, NO_ROLLBACK);
    mutant_that_stores_attempts_too_late:
        NeverChargedTwice, with(Fault::StoresAttemptsTooLate, NO_ROLLBACK);
    mutant_that_sends_after_its_lease:
        NeverChargedTwice, with(Fault::SendsAfterLease, NO_ROLLBACK);
    mutant_whose_leases_never_end:
        NeverLost, with(Fault::LeasesNeverEnd, NO_ROLLBACK);
    mutant_that_settles_without_claim:
        EndsAreFinal, with(Fault::SettlesWithoutClaim, NO_ROLLBACK);
    mutant_that_settles_without_epoch:
        EndsAreFinal, with(Fault::SettlesWithoutEpoch, ONE_ROLLBACK);
    mutant_that_trusts_a_restarted_redis:
        NeverChargedTwice, with(Fault::TrustsRestartedRedis, ONE_ROLLBACK);
    mutant_that_doubts_repetitions_by_claim_time:
        NeverChargedTwice, with(Fault::DoubtsByClaimTime, ONE_ROLLBACK);
    mutant_that_ends_orders_across_a_restart:
        NotChargedOnlyIfNot, with(Fault::EndsAcrossRestart, ONE_ROLLBACK);
    mutant_that_ignores_loss_evidence:
        NeverChargedTwice, with(Fault::IgnoresLossEvidence, ONE_ROLLBACK);
    mutant_whose_claims_outlive_loss_evidence:
        NeverChargedTwice, with(Fault::EvidenceKeepsEpoch, ONE_ROLLBACK);
    mutant_whose_loss_evidence_is_not_counted:
        NeverChargedTwice, with(Fault::EvidenceIsNotCounted, TWO_ROLLBACKS);
    mutant_that_forgets_an_earlier_restart:
        NeverChargedTwice, with(Fault::ForgetsEarlierRestart, TWO_ROLLBACKS);
    mutant_whose_promotion_waits_like_a_restart:
        NeverChargedTwice, with(Fault::PromotionWaitsLikeRestart, PROMOTION);
    mutant_whose_loss_wait_ignores_the_old_master:
        NeverChargedTwice, with(Fault::LossWaitIgnoresOldMaster, PROMOTION);
    mutant_that_trusts_the_time_of_an_entry:
        NeverChargedTwice, with(Fault::TrustsEntryTime, ONE_ROLLBACK);
    mutant_that_waits_by_the_wall_clock:
        NeverChargedTwice, with(Fault::WaitsByWallClock, CLOCK_STEPS);
    mutant_that_trusts_a_far_due_time:
        NeverLost, with(Fault::TrustsFarDueTime, CLOCK_STEPS);
    mutant_that_ends_at_a_final_refusal:
        NotChargedOnlyIfNot,
        with_in(Fault::FinalRefusalEndsAtOnce, FEW_FAILURES.with_surplus_refusals());
    mutant_that_trusts_a_front_end:
        NeverChargedTwice, with_in(Fault::TrustsFrontEnd, FEW_FAILURES.with_front_end());
    mutant_that_takes_silence_for_turned_away:
        NeverChargedTwice,
        with_in(Fault::TakesSilenceForTurnedAway, FEW_FAILURES.with_front_end());
    mutant_that_pauses_without_a_control:
        OneOrderPausesNothing, with_in(Fault::PausesWithoutControl, FEW_FAILURES.with_front_end());
    mutant_that_ignores_the_age_of_an_answered_record:
        CompletedOnlyIfCharged,
        with_in(Fault::IgnoresRecordAge, EXPIRY.with_record_ages(RepeatedId::Answered));
    mutant_that_ignores_the_age_of_a_queried_record:
        CompletedOnlyIfCharged,
        with_in(Fault::IgnoresRecordAge, EXPIRY.with_record_ages(RepeatedId::Rejected));
    mutant_that_closes_a_fitting_record:
        NotChargedOnlyIfNot, with(Fault::ClosesFittingRecord, Bounds { grows_old: true, workers: 2, ..NO_ROLLBACK });
    mutant_that_closes_while_a_request_may_arrive:
        NotChargedOnlyIfNot,
        with_in(Fault::ClosesWithoutWaiting, EXPIRY.with_record_ages(RepeatedId::Charged));
    mutant_that_queries_the_new_account:
        NeverChargedTwice, with(Fault::QueriesNewAccount, ACCOUNT_SWITCH);
    mutant_that_replays_early_repetitions:
        CopiesOnlyAfterTheEnd, with_in(Fault::ReplaysEarlyRepetitions, FEW_FAILURES.with_replays());
    mutant_that_replays_as_a_first_result:
        OneResult, with_in(Fault::ReplaysAsFirstResult, FEW_FAILURES.with_replays());

    resubmit_after_must_cover_lease_and_transit:
        NeverChargedTwice, without(Assumption::TransitIncludesLease, NO_ROLLBACK);
    loss_evidence_must_be_shown_within_a_lease:
        NeverChargedTwice, without(Assumption::EvidenceInTime, ONE_ROLLBACK);
    dead_workers_requests_must_arrive_within_a_lease:
        NeverChargedTwice, without(Assumption::DeadWorkersRequestsArriveSoon, ONE_ROLLBACK);
    forgotten_order_must_not_be_repeated_late:
        NeverChargedTwice, without(Assumption::ForgottenOrdersAreRepeatedSoon, ONE_ROLLBACK);
    first_epoch_must_not_be_forgotten:
        NeverChargedTwice, without(Assumption::FirstEpochIsKept, ONE_ROLLBACK);
    old_master_must_be_bounded:
        NeverChargedTwice, without(Assumption::OldMasterIsBounded, PROMOTION);
    surplus_refusal_must_not_overtake_the_charge:
        NotChargedOnlyIfNot,
        without_in(Assumption::SurplusRefusalsComeLate, FEW_FAILURES.with_surplus_refusals());
    other_refusals_must_be_ours:
        NeverChargedTwice,
        without_in(Assumption::OtherRefusalsAreOurs, FEW_FAILURES.with_surplus_refusals());
}
