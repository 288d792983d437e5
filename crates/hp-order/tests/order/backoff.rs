//! Delays between attempts and between queries.

use std::time::Duration;

use hp_order::{Backoff, PolicyError};
use proptest::prelude::*;

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn check_delays_follow_the_table_and_then_double() {
    let backoff = Backoff::new(seconds(1), seconds(300)).unwrap();
    let delays: Vec<_> = (1..=7)
        .map(|nth| backoff.check(nth, 0.5).as_secs())
        .collect();
    assert_eq!(delays, [2, 5, 15, 60, 120, 240, 300]);
}

#[test]
fn retry_delays_double_up_to_the_ceiling() {
    let backoff = Backoff::new(seconds(1), seconds(10)).unwrap();
    let ceilings: Vec<_> = (1..=6)
        .map(|nth| backoff.retry(nth, 0.999_999).as_secs_f64().round())
        .collect();
    assert_eq!(ceilings, [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]);
}

#[test]
fn outage_delays_stay_below_a_minute() {
    let backoff = Backoff::new(seconds(1), seconds(300)).unwrap();
    assert_eq!(backoff.outage(), (seconds(1), seconds(30)));
    assert_eq!(backoff.top_up(0.0), seconds(15));
    assert!(backoff.top_up(0.999) < seconds(30));
}

#[test]
fn backoff_that_cannot_grow_is_refused() {
    assert_eq!(
        Backoff::new(Duration::ZERO, seconds(1)),
        Err(PolicyError::ZeroBase)
    );
    assert_eq!(
        Backoff::new(seconds(2), seconds(1)),
        Err(PolicyError::MaxBelowBase)
    );
}

proptest! {
    #[test]
    fn delays_never_exceed_the_ceiling(
        base in 1_u64..10_000, more in 0_u64..10_000_000, nth: u32, jitter in 0.0..1.0_f64,
    ) {
        let max = Duration::from_millis(base + more);
        let backoff = Backoff::new(Duration::from_millis(base), max).unwrap();
        prop_assert!(backoff.retry(u64::from(nth), jitter) <= max);
        prop_assert!(backoff.check(nth, jitter) <= max);
        prop_assert!(!backoff.check(nth, jitter).is_zero());
    }
}
