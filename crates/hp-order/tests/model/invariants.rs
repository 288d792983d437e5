//! The promises hold, within the bounds given here and under the assumptions of `main.rs`.

use crate::{
    bounds::{
        ACCOUNT_SWITCH, CLOCK_STEPS, EXPIRY, FEW_FAILURES, NO_ROLLBACK, ONE_ROLLBACK, PROMOTION,
        TWO_ROLLBACKS,
    },
    checker::check,
    setting::{Bounds, Dropped, RepeatedId, Setting},
};

fn promises_hold(setting: Setting) {
    if let Some(counterexample) = check(setting) {
        panic!("{}", counterexample.trace);
    }
}

#[test]
fn promises_hold_for_any_failure() {
    promises_hold(NO_ROLLBACK.setting());
}

#[test]
fn promises_hold_for_an_old_order() {
    let bounds = Bounds {
        grows_old: true,
        ..NO_ROLLBACK
    };
    promises_hold(bounds.setting());
}

#[test]
fn promises_hold_with_late_records() {
    promises_hold(Setting {
        has_late_records: true,
        ..NO_ROLLBACK.setting()
    });
}

#[test]
fn promises_hold_if_known_ids_are_rejected() {
    promises_hold(Setting {
        repeated_id: RepeatedId::Rejected,
        has_late_records: true,
        ..NO_ROLLBACK.setting()
    });
}

#[test]
fn promises_hold_if_known_ids_are_answered() {
    promises_hold(Setting {
        repeated_id: RepeatedId::Answered,
        ..NO_ROLLBACK.setting()
    });
}

#[test]
fn promises_hold_behind_a_front_end() {
    let bounds = Bounds {
        refusals: 2,
        ..FEW_FAILURES
    };
    promises_hold(bounds.with_front_end());
}

#[test]
fn promises_hold_after_a_rollback() {
    let bounds = Bounds {
        enqueues: 1,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(bounds.setting());
}

#[test]
fn promises_hold_for_a_forgotten_order() {
    let bounds = Bounds {
        claims: 4,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(bounds.setting());
}

#[test]
fn promises_hold_after_two_rollbacks() {
    promises_hold(TWO_ROLLBACKS.setting());
}

#[test]
fn promises_hold_with_surplus_refusals() {
    promises_hold(FEW_FAILURES.with_surplus_refusals());
}

#[test]
fn promises_hold_while_the_clock_steps() {
    promises_hold(CLOCK_STEPS.setting());
}

#[test]
fn promises_hold_after_a_rollback_and_a_clock_step() {
    let bounds = Bounds {
        clock_steps: 1,
        failures: 0,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(bounds.setting());
}

#[test]
fn promises_hold_with_two_masters() {
    promises_hold(PROMOTION.setting());
}

#[test]
fn promises_hold_for_an_id_that_is_used_again() {
    for vendor in [
        RepeatedId::Rejected,
        RepeatedId::Answered,
        RepeatedId::Charged,
    ] {
        promises_hold(EXPIRY.with_record_ages(vendor));
    }
}

#[test]
fn own_record_is_never_taken_for_an_older_one() {
    promises_hold(FEW_FAILURES.with_record_ages(RepeatedId::Charged));
    let bounds = Bounds {
        claims: 4,
        enqueues: 1,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(bounds.with_record_ages(RepeatedId::Answered));
}

#[test]
fn promises_hold_with_replays() {
    let bounds = Bounds {
        enqueues: 4,
        ..FEW_FAILURES
    };
    promises_hold(bounds.with_replays());
}

#[test]
fn promises_hold_after_an_account_switch() {
    promises_hold(ACCOUNT_SWITCH.setting());
}

#[test]
fn rejected_known_ids_make_up_for_late_requests() {
    promises_hold(Setting {
        repeated_id: RepeatedId::Rejected,
        dropped: Dropped::All,
        ..NO_ROLLBACK.without_refusals().setting()
    });
}

#[test]
fn rejected_known_ids_make_up_for_lost_writes() {
    let bounds = Bounds {
        claims: 4,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(Setting {
        repeated_id: RepeatedId::Rejected,
        dropped: Dropped::All,
        ..bounds.setting()
    });
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_for_many_failures() {
    let bounds = Bounds {
        failures: 7,
        refusals: 2,
        grows_old: true,
        ..NO_ROLLBACK
    };
    promises_hold(Setting {
        has_late_records: true,
        ..bounds.setting()
    });
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_for_a_forgotten_order_and_many_claims() {
    promises_hold(ONE_ROLLBACK.without_refusals().setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_a_rollback_and_a_refusal() {
    let bounds = Bounds {
        enqueues: 1,
        ..ONE_ROLLBACK
    };
    promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_with_two_masters_and_failures() {
    let bounds = Bounds {
        failures: 1,
        enqueues: 2,
        ..PROMOTION
    };
    promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_a_failure_and_a_clock_step() {
    let bounds = Bounds {
        clock_steps: 1,
        ..ONE_ROLLBACK.without_refusals()
    };
    promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_a_rollback_and_failures() {
    let bounds = Bounds {
        failures: 2,
        ..ONE_ROLLBACK
    };
    promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_a_rollback_with_late_records() {
    promises_hold(Setting {
        has_late_records: true,
        ..ONE_ROLLBACK.setting()
    });
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_a_rollback_for_three_workers() {
    let bounds = Bounds {
        workers: 3,
        ..ONE_ROLLBACK
    };
    promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn promises_hold_after_two_rollbacks_and_failures() {
    let bounds = Bounds {
        failures: 1,
        ..TWO_ROLLBACKS
    };
    promises_hold(bounds.setting());
}
