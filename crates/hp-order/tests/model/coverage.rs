//! The model reaches what matters: a world that is never reached is never checked.

use hp_api::DoubtKind;
use hp_order::{Cause, State};

use crate::{
    bounds::{FEW_FAILURES, NO_ROLLBACK, ONE_ROLLBACK},
    checker::search,
    order::{MAX_CRASHES, Order},
    setting::{Bounds, Dropped, RepeatedId, Setting},
    world::World,
};

fn has_order(world: &World, predicate: impl Fn(&Order) -> bool) -> bool {
    world.redis.order.as_ref().is_some_and(predicate)
}

fn is(world: &World, state: State, attempts: u8) -> bool {
    has_order(world, |order| {
        order.state == state && order.attempts == attempts
    })
}

fn is_poison(world: &World) -> bool {
    has_order(world, |order| order.crashes == MAX_CRASHES)
}

macro_rules! reaches {
    ($($name:ident: $setting:expr, $predicate:expr;)*) => { $(
        #[test]
        fn $name() {
            assert!(search($setting, $predicate).is_some(), "never reached");
        }
    )* };
}

reaches! {
    reaches_a_charge_after_not_found:
        NO_ROLLBACK.setting(), |world, _| is(world, State::Completed, 2);
    reaches_a_failure_by_a_doubted_refusal:
        NO_ROLLBACK.setting(), |world, _| is(world, State::Failed, 2);
    reaches_review_after_too_many_crashes:
        NO_ROLLBACK.setting(), |world, _| is(world, State::Review, 1) && world.budget.failures == 1;
    reaches_a_review_completed_by_reconciliation:
        NO_ROLLBACK.setting(),
        |world, _| is(world, State::Completed, 1) && world.budget.failures == 0 && is_poison(world);
    reaches_a_reconciliation_of_a_waiting_order:
        NO_ROLLBACK.setting(),
        |world, _| has_order(world, |order| order.state == State::Waiting)
            && world.jobs().any(|job| job.purpose.is_some());
    reaches_a_review_closed_by_an_operator:
        NO_ROLLBACK.setting(), |world, _| is(world, State::Failed, 1) && is_poison(world);
    reaches_a_review_resubmitted_by_an_operator:
        Bounds { failures: 5, ..NO_ROLLBACK.without_refusals() }.setting(),
        |world, _| is(world, State::Completed, 2) && is_poison(world);
    reaches_a_failure_by_age:
        Bounds { grows_old: true, ..NO_ROLLBACK }.setting(), |world, _| is(world, State::Failed, 0);
    reaches_a_doubt_about_a_known_id:
        Setting { repeated_id: RepeatedId::Rejected, dropped: Dropped::All, ..NO_ROLLBACK.setting() },
        |world, _| has_order(world, |order| order.cause == Some(Cause::Answer(DoubtKind::Exists)));
    reaches_a_charge_in_review_behind_a_front_end:
        FEW_FAILURES.with_front_end(), |world, _| is(world, State::Review, 1) && world.vendor.charges == 1;
    reaches_an_uncharged_order_in_review_behind_a_front_end:
        FEW_FAILURES.with_front_end(), |world, _| is(world, State::Review, 1) && world.vendor.charges == 0;
    reaches_a_charge_that_redis_may_have_forgotten:
        ONE_ROLLBACK.setting(), |world, _| is(world, State::Completed, 1) && world.generation == 1;
}
