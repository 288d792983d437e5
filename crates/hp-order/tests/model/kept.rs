//! The promises hold, within the bounds given here and under the assumptions of `main.rs`.

use crate::{
    check::check,
    rules::{Bounds, Dropped, Repeats, Setting},
};

pub(crate) const CALM_REDIS: Bounds = Bounds {
    workers: 3,
    mishaps: 4,
    refusals: 1,
    falls: 0,
    puts: 2,
    claims: u8::MAX,
    grows_old: false,
};

pub(crate) const ONE_FALL: Bounds = Bounds {
    workers: 2,
    mishaps: 1,
    falls: 1,
    claims: 6,
    ..CALM_REDIS
};

pub(crate) const TWO_FALLS: Bounds = Bounds {
    workers: 2,
    mishaps: 0,
    refusals: 0,
    falls: 2,
    puts: 1,
    claims: 4,
    grows_old: false,
};

impl Bounds {
    pub(crate) const fn without_refusals(self) -> Self {
        Self {
            refusals: 0,
            ..self
        }
    }

    /// The hardest vendor, all rules, all assumptions.
    pub(crate) const fn setting(self) -> Setting {
        Setting {
            bounds: self,
            vendor: Repeats::Charged,
            late_record: false,
            fault: None,
            dropped: Dropped::None,
            looks_ahead: true,
        }
    }
}

fn all_promises_hold(setting: Setting) {
    if let Some(broken) = check(setting) {
        panic!("{}", broken.story);
    }
}

#[test]
fn an_order_is_charged_once_and_told_once_whatever_workers_and_network_do() {
    all_promises_hold(CALM_REDIS.setting());
}

#[test]
fn the_same_holds_for_an_order_that_grows_too_old() {
    let bounds = Bounds {
        grows_old: true,
        ..CALM_REDIS
    };
    all_promises_hold(bounds.setting());
}

#[test]
fn the_same_holds_where_the_vendor_shows_its_record_late() {
    let setting = Setting {
        late_record: true,
        ..CALM_REDIS.setting()
    };
    all_promises_hold(setting);
}

#[test]
fn the_same_holds_where_the_vendor_rejects_an_id_that_it_knows() {
    let setting = Setting {
        vendor: Repeats::Rejected,
        late_record: true,
        ..CALM_REDIS.setting()
    };
    all_promises_hold(setting);
}

#[test]
fn the_same_holds_where_the_vendor_answers_a_known_id_with_its_order() {
    let setting = Setting {
        vendor: Repeats::Answered,
        ..CALM_REDIS.setting()
    };
    all_promises_hold(setting);
}

#[test]
fn an_order_is_charged_once_though_redis_falls_back_to_an_earlier_state() {
    let bounds = Bounds {
        puts: 1,
        ..ONE_FALL
    };
    all_promises_hold(bounds.setting());
}

#[test]
fn an_order_is_charged_once_though_redis_forgets_it_and_the_shop_repeats_it() {
    all_promises_hold(ONE_FALL.without_refusals().setting());
}

#[test]
fn an_order_is_charged_once_though_redis_falls_back_twice() {
    all_promises_hold(TWO_FALLS.setting());
}

#[test]
fn a_vendor_that_rejects_known_ids_makes_up_for_requests_that_outlive_resubmit_after() {
    let setting = Setting {
        vendor: Repeats::Rejected,
        dropped: Dropped::All,
        ..CALM_REDIS.without_refusals().setting()
    };
    all_promises_hold(setting);
}

#[test]
fn a_vendor_that_rejects_known_ids_makes_up_for_a_forgetful_redis() {
    let setting = Setting {
        vendor: Repeats::Rejected,
        dropped: Dropped::All,
        ..ONE_FALL.without_refusals().setting()
    };
    all_promises_hold(setting);
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn the_same_holds_in_a_longer_run_of_mishaps() {
    let bounds = Bounds {
        mishaps: 7,
        refusals: 2,
        grows_old: true,
        ..CALM_REDIS
    };
    let setting = Setting {
        late_record: true,
        ..bounds.setting()
    };
    all_promises_hold(setting);
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn the_same_holds_where_redis_falls_back_among_more_mishaps() {
    let bounds = Bounds {
        mishaps: 2,
        ..ONE_FALL
    };
    all_promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn the_same_holds_where_redis_falls_back_under_a_vendor_that_shows_its_record_late() {
    let setting = Setting {
        late_record: true,
        ..ONE_FALL.setting()
    };
    all_promises_hold(setting);
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn the_same_holds_where_redis_falls_back_under_three_workers() {
    let bounds = Bounds {
        workers: 3,
        ..ONE_FALL
    };
    all_promises_hold(bounds.setting());
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn the_same_holds_where_redis_falls_back_twice_among_mishaps() {
    let bounds = Bounds {
        mishaps: 1,
        ..TWO_FALLS
    };
    all_promises_hold(bounds.setting());
}
