use hp_queue::{Handle, QueueError};

use super::CheckResult;
use crate::obstacle::{Facts, Obstacle, of_queue};

/// Reports what keeps orders from going on.
pub(super) async fn check(handle: &Handle) -> Vec<CheckResult> {
    let obstacles = match Facts::read_with_states(handle).await {
        Ok(facts) => of_queue(&facts),
        // The checks of Redis have reported it.
        Err(QueueError::Unreachable(_)) => return Vec::new(),
        Err(error) => return vec![unreadable(&error)],
    };
    // The checks of Redis have reported it.
    let new = obstacles.into_iter().filter(|one| !one.kind.is_of_redis());
    let results: Vec<_> = new.map(result).collect();
    if results.is_empty() {
        return vec![CheckResult::good(
            "queue",
            "nothing keeps orders from going on",
        )];
    }
    results
}

fn result(obstacle: Obstacle) -> CheckResult {
    let next = match obstacle.next {
        // The checks of HitPoints follow.
        Some(next) if next.contains("`worker doctor`") => {
            "see the checks of HitPoints below".into()
        }
        next => next.unwrap_or_default(),
    };
    if obstacle.kind.is_urgent() {
        CheckResult::bad("queue", obstacle.text, next)
    } else {
        CheckResult::poor("queue", obstacle.text, next)
    }
}

fn unreadable(error: &QueueError) -> CheckResult {
    let text = error.to_string();
    let (seen, remedy) = text.rsplit_once("; ").unwrap_or((
        &text,
        "check queue.prefix, and which other programs write to its keys",
    ));
    CheckResult::bad("queue", seen, remedy)
}
