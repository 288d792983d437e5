//! The model goes where it matters: what is never reached is not checked.

use hp_order::State;

use crate::{
    check::search,
    kept::{CALM_REDIS, ONE_FALL},
    real::Doubt,
    redis::Order,
    rules::{Bounds, Dropped, Repeats, Setting},
    world::World,
};

fn order(world: &World) -> Option<&Order> {
    world.redis.order.as_ref()
}

macro_rules! reaches {
    ($($name:ident: $setting:expr, $wanted:expr;)*) => { $(
        #[test]
        fn $name() {
            assert!(search($setting, |world, _| $wanted(world)).is_some(), "never reached");
        }
    )* };
}

fn is(world: &World, state: State, attempts: u8) -> bool {
    order(world).is_some_and(|order| order.state == state && order.attempts == attempts)
}

reaches! {
    an_order_that_was_not_found_is_sent_again_and_charged:
        CALM_REDIS.setting(), |world| is(world, State::Completed, 2);
    an_order_that_was_refused_while_in_doubt_fails:
        CALM_REDIS.setting(), |world| is(world, State::Failed, 2);
    an_order_that_takes_too_many_workers_down_goes_to_review:
        CALM_REDIS.setting(), |world: &World| is(world, State::Review, 1) && world.left.mishaps == 1;
    an_order_in_review_is_completed_by_the_reconciler:
        CALM_REDIS.setting(), |world: &World| is(world, State::Completed, 1) && world.left.mishaps == 0
            && order(world).is_some_and(|order| order.crashes == 3);
    an_order_that_waits_is_asked_about_by_a_run:
        CALM_REDIS.setting(), |world: &World| order(world).is_some_and(|order| order.state == State::Waiting)
            && world.jobs().any(|job| job.named.is_some());
    an_order_in_review_is_given_up_by_a_person:
        CALM_REDIS.setting(), |world: &World| is(world, State::Failed, 1)
            && order(world).is_some_and(|order| order.crashes == 3);
    an_order_in_review_is_submitted_again_for_a_person:
        Bounds { mishaps: 5, ..CALM_REDIS.without_refusals() }.setting(), |world: &World| is(world, State::Completed, 2)
            && order(world).is_some_and(|order| order.crashes == 3);
    an_order_that_is_too_old_fails:
        Bounds { grows_old: true, ..CALM_REDIS }.setting(), |world| is(world, State::Failed, 0);
    a_vendor_that_knows_the_id_raises_a_doubt:
        Setting { vendor: Repeats::Rejected, dropped: Dropped::All, ..CALM_REDIS.setting() },
        |world| order(world).is_some_and(|order| order.doubt == Some(Doubt::Exists));
    an_order_that_redis_might_have_forgotten_is_completed:
        ONE_FALL.setting(), |world: &World| is(world, State::Completed, 1) && world.start == 1;
}
