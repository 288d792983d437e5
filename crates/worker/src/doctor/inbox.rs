use std::time::Duration;

use hp_order::Millis;
use hp_queue::Status;

use super::CheckResult;
use crate::terminal::format::time;

/// For this long after it, a loss is a failure. Later it is only worth knowing.
const RECENT: Duration = Duration::from_hours(24);

/// Compares the entries that were ever added to the inbox with those that workers took and those that wait.
pub(super) fn check(status: &Status) -> CheckResult {
    let (what, lost, waiting) = ("inbox", status.lost, status.new);
    let Some(at) = status.lost_at.filter(|_| lost > 0).map(Millis) else {
        return CheckResult::good(
            what,
            format!("{waiting} entries wait, and none was lost before a worker took it"),
        );
    };
    let seen = format!(
        "{lost} entries left the inbox before a worker took them, last missed {}: their orders are lost",
        time(at)
    );
    let remedy = "remove MAXLEN and MINID from the producers' XADD, let nobody run XTRIM or XDEL on the inbox, and enqueue orders without a result again";
    if Millis(status.now).since(at) < RECENT {
        CheckResult::bad(what, seen, remedy)
    } else {
        CheckResult::poor(what, seen, remedy)
    }
}
