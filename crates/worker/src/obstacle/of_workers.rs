use hp_order::Millis;

use super::{description::Obstacle, facts::Facts, kind::ObstacleKind};
use crate::terminal::format::{count, duration};

/// The start of the reason of a worker whose requests do not reach HitPoints.
pub(crate) const UNREACHABLE: &str = "this process cannot reach HitPoints: ";

/// The most workers that are named one by one.
const NAMED: usize = 10;

/// Returns why no worker goes on with the orders that wait.
pub(super) fn no_worker(facts: &Facts) -> Option<Obstacle> {
    let (status, orders) = (&facts.status, facts.waiting());
    if orders == 0 {
        return None;
    }
    let wait = count(orders, "order waits", "orders wait");
    if status.workers.is_empty() {
        return Some(
            Obstacle::new(
                ObstacleKind::NoWorker,
                format!("no worker is alive, and {wait}"),
            )
            .brief("no worker is alive")
            .next("start `worker run`; if it should be running, its log says why it stopped"),
        );
    }
    (status.worker_faults.len() >= status.workers.len()).then(|| all_at_fault(facts, &wait))
}

/// The obstacle if each living worker claims no orders.
fn all_at_fault(facts: &Facts, wait: &str) -> Obstacle {
    let mut reasons = facts.status.worker_faults.values();
    let unreachable: Option<Vec<_>> = reasons
        .clone()
        .map(|fault| fault.reason.strip_prefix(UNREACHABLE))
        .collect();
    if let Some([why, ..]) = unreachable.as_deref() {
        return Obstacle::new(
            ObstacleKind::VendorUnreachable,
            format!("HitPoints is unreachable from every worker, and {wait}: {why}"),
        )
        .brief("HitPoints is unreachable")
        .next("run `worker doctor`, and check api.base_url, DNS, firewall and HitPoints itself");
    }
    let reason = reasons.next().map_or("", |fault| &fault.reason);
    Obstacle::new(
        ObstacleKind::NoWorker,
        format!("no worker claims orders, and {wait}: {reason}"),
    )
    .brief(format!("no worker claims orders: {reason}"))
    .next("run `worker doctor`; the workers go on by themselves when the cause is fixed")
}

/// Names each worker that claims no orders.
pub(super) fn worker_faults(facts: &Facts) -> impl Iterator<Item = Obstacle> {
    let faults = facts.status.worker_faults.iter().take(NAMED);
    faults.map(|(worker, fault)| {
        let time = duration(facts.now().since(Millis(fault.since)));
        Obstacle::new(
            ObstacleKind::WorkerFault,
            format!(
                "worker {worker} claims no orders, for {time}: {}",
                fault.reason
            ),
        )
    })
}
