use hp_queue::{Handle, Inspector};

use super::CheckResult;
use crate::{config::Config, notify::summary};

/// Says whether events reach the receiver. Sends nothing.
pub(super) async fn check(config: &Config, handle: &Handle) -> Vec<CheckResult> {
    let what = "notifications";
    let Some(notify) = &config.notify else {
        return Vec::new();
    };
    // Other checks report that Redis does not answer.
    let Ok(status) = Inspector::new(handle.clone()).status().await else {
        return Vec::new();
    };
    let status = status.notifications;
    let seen = match summary(&status) {
        seen if seen.is_empty() => format!("none was sent to {} yet", notify.shown_url()),
        seen => format!("{seen}, to {}", notify.shown_url()),
    };
    // Events that were given up stay counted for ever. Only what fails now can be corrected.
    vec![if status.failure.is_none() {
        CheckResult::good(what, seen)
    } else {
        CheckResult::poor(
            what,
            seen,
            "run `worker notify test`: it sends a message and says what to correct",
        )
    }]
}
