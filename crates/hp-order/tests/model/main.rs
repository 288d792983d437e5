//! A model of the order's life.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod act;
mod action;
mod check;
mod order;
mod promises;
mod real;
mod redis;
mod rules;
mod tidy;
mod work;
mod world;

use rules::{Bounds, Repeats, Setting};

#[test]
fn first() {
    let n = |name: &str, d: u8| std::env::var(name).map_or(d, |v| v.parse().unwrap());
    let setting = Setting {
        bounds: Bounds { mishaps: n("M", 2), refusals: n("R", 1), falls: n("F", 0), puts: n("P", 2), claims: n("C", 6), grows_old: n("O",0)>0 },
        vendor: Repeats::Charged,
        late_record: n("L", 0) > 0,
        fault: None,
        dropped: None,
    };
    if let Some(broken) = check::check(setting) { panic!("{}", broken.story); }
}
