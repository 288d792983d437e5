use hp_queue::{Handle, QueueError};

use super::{CheckResult, inbox};
use crate::obstacle::{Facts, Obstacle, ObstacleKind, of_queue};

/// Reports what keeps orders from going on.
pub(super) async fn check(handle: &Handle) -> Vec<CheckResult> {
    let facts = match Facts::read_with_states(handle).await {
        Ok(facts) => facts,
        // The checks of Redis have reported it.
        Err(QueueError::Unreachable(_)) => return Vec::new(),
        Err(error) => return vec![unreadable(&error)],
    };
    // Other checks report these.
    let is_reported = |kind: ObstacleKind| kind.is_of_redis() || kind == ObstacleKind::LostEntries;
    let obstacles = of_queue(&facts);
    let is_free = obstacles.is_empty();
    let mut results: Vec<_> = obstacles
        .into_iter()
        .filter(|obstacle| !is_reported(obstacle.kind))
        .map(result)
        .collect();
    if is_free {
        let seen = "nothing keeps orders from going on";
        results.push(CheckResult::good("queue", seen));
    }
    results.push(inbox::check(&facts.status));
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
