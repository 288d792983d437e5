//! Keeps one obstacle from filling the log.
//!
//! While Redis or HitPoints is away, every order meets the same obstacle again and again. An event that has the field
//! `obstacle` is written only if it is the first of this obstacle. The others are counted, and the log reports their number
//! every ten seconds, and when the obstacle is over.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{
    Event, Metadata,
    field::{Field, Visit},
    info, warn,
};

/// The time between two reports. An obstacle that has not occurred for so long is over.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);

static OBSTACLES: Mutex<BTreeMap<String, Obstacle>> = Mutex::new(BTreeMap::new());

/// One obstacle since its first event.
struct Obstacle {
    since: Instant,
    last: Instant,
    times: u64,
    unreported: u64,
}

/// What a tick says about an obstacle.
#[derive(Debug, PartialEq)]
enum Report {
    /// It occurred so many times more.
    Repeated(u64),
    /// It is over, and occurred so many times within this time.
    Over(u64, Duration),
}

impl Obstacle {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            last: now,
            times: 1,
            unreported: 0,
        }
    }

    fn repeat(&mut self, now: Instant) {
        self.last = now;
        self.times += 1;
        self.unreported += 1;
    }

    fn report(&mut self, now: Instant) -> Option<Report> {
        let more = std::mem::take(&mut self.unreported);
        if more > 0 {
            return Some(Report::Repeated(more));
        }
        let is_over = now.duration_since(self.last) >= INTERVAL;
        is_over.then(|| Report::Over(self.times, self.last.duration_since(self.since)))
    }
}

/// Returns `true` if only the first event of its obstacle is wanted.
pub(super) fn may_repeat(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field("obstacle").is_some()
}

/// Returns `true` for the first event of an obstacle, and for each event without one. Counts the others.
pub(super) fn is_first(event: &Event<'_>) -> bool {
    if !may_repeat(event.metadata()) {
        return true;
    }
    let mut name = Name::default();
    event.record(&mut name);
    let now = Instant::now();
    let mut obstacles = lock();
    if let Some(obstacle) = obstacles.get_mut(&name.0) {
        obstacle.repeat(now);
        return false;
    }
    obstacles.insert(name.0, Obstacle::new(now));
    true
}

/// Logs how often each obstacle has occurred since the last report, and which are over.
pub(super) fn report() {
    let now = Instant::now();
    let mut reports = Vec::new();
    // Not while the obstacles are locked: a report is an event, too.
    lock().retain(|name, obstacle| {
        let report = obstacle.report(now);
        let is_over = matches!(report, Some(Report::Over(..)));
        reports.extend(report.map(|report| (name.clone(), report)));
        !is_over
    });
    for (name, report) in reports {
        match report {
            Report::Repeated(times) => warn!(name, times, "the obstacle continues"),
            // The only event said everything.
            Report::Over(1, _) => {}
            Report::Over(times, within) => {
                let within_s = within.as_secs();
                info!(name, times, within_s, "the obstacle is over");
            }
        }
    }
}

fn lock() -> MutexGuard<'static, BTreeMap<String, Obstacle>> {
    OBSTACLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value of the field `obstacle`.
#[derive(Default)]
struct Name(String);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "obstacle" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "obstacle" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obstacle_is_counted_every_interval_until_it_is_over() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut obstacle = Obstacle::new(start);
        assert_eq!(obstacle.report(at(3)), None);
        obstacle.repeat(at(4));
        obstacle.repeat(at(5));
        assert_eq!(obstacle.report(at(13)), Some(Report::Repeated(2)));
        assert_eq!(obstacle.report(at(14)), None);
        let over = Report::Over(3, Duration::from_secs(5));
        assert_eq!(obstacle.report(at(23)), Some(over));
    }
}
