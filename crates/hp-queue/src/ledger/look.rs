use std::time::{Duration, Instant};

use super::Ledger;
use crate::error::QueueError;

/// What a claim would find. It costs a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The inbox has entries.
    pub has_entries: bool,
    /// The queue is paused.
    pub is_paused: bool,
    /// Time until the next open order is due or may return from its hold. Zero if one is due.
    pub next_due: Option<Duration>,
}

/// The first member of a sorted set, if there is one.
type First = Vec<(Vec<u8>, f64)>;

impl Ledger {
    /// Looks whether a claim would find orders, and changes nothing. Of what keeps orders from being claimed, only a pause
    /// counts.
    pub async fn look(&self) -> Result<Waiting, QueueError> {
        let keys = &self.handle.keys;
        let mut look = redis::pipe();
        look.cmd("XLEN").arg(&keys.jobs);
        look.add_command(first_of(&keys.schedule));
        look.add_command(first_of(&keys.held));
        look.cmd("EXISTS").arg(&keys.paused);
        let (entries, scheduled, held, is_paused): (u64, First, First, bool) = look
            .query_async(&mut self.handle.connection.clone())
            .await?;
        Ok(Waiting {
            has_entries: entries > 0,
            is_paused,
            next_due: self.time_until(scheduled.iter().chain(&held)),
        })
    }

    fn time_until<'a>(&self, times: impl Iterator<Item = &'a (Vec<u8>, f64)>) -> Option<Duration> {
        let now = self.watermark().expected_now(Instant::now());
        times.filter_map(|(_, time)| time_until(*time, now)).min()
    }
}

fn first_of(times: &str) -> redis::Cmd {
    let mut command = redis::cmd("ZRANGE");
    command.arg(times).arg(0).arg(0).arg("WITHSCORES");
    command
}

/// Orders in review have no time. If this process does not know Redis' time, every other order may be due.
fn time_until(time: f64, now: u64) -> Option<Duration> {
    if !time.is_finite() {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time in Unix milliseconds is far smaller than 2^53, and a negative one is due"
    )]
    let left = (time as u64).saturating_sub(now);
    Some(Duration::from_millis(if now == 0 { 0 } else { left }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::time_until;

    #[test]
    fn time_until_due_follows_redis_clock() {
        let left = |time, now| time_until(time, now);
        assert_eq!(left(5000.0, 4000), Some(Duration::from_secs(1)));
        assert_eq!(left(5000.0, 6000), Some(Duration::ZERO));
        assert_eq!(left(5000.0, 0), Some(Duration::ZERO), "an unknown clock");
        assert_eq!(left(f64::INFINITY, 4000), None, "an order in review");
    }
}
