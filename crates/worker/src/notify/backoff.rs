use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);
/// The longest time that a receiver can ask for with `Retry-After`.
pub(super) const LONGEST_WANTED: Duration = Duration::from_hours(1);

/// The delay after so many failures in a row. `jitter`: from 0 up to 1.
pub(super) fn delay(tries: u32, jitter: f64) -> Duration {
    let delays = ExponentialBuilder::default()
        .with_factor(2.0)
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .without_max_times();
    // The delays stop growing long before.
    let nth = tries.saturating_sub(1).min(64) as usize;
    let delay = delays.build().nth(nth).unwrap_or(LONGEST);
    delay.mul_f64(0.75 + jitter / 2.0)
}
