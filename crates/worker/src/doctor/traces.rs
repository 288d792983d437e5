use std::thread;

use super::CheckResult;
use crate::{config::Config, telemetry::traces::probe};

/// Says whether the collector accepts traces. Sends a request without spans.
pub(super) fn check(config: &Config) -> Vec<CheckResult> {
    let what = "traces";
    // The client must not run where tokio does. Nothing else is to be done meanwhile.
    let probed = thread::scope(|scope| scope.spawn(|| probe(&config.otel)).join());
    let Ok((probe, warnings)) = probed else {
        return Vec::new();
    };
    let warned = warnings.into_iter();
    let mut results: Vec<_> = warned
        .map(|warning| CheckResult::poor(what, warning, "correct the environment variable"))
        .collect();
    let probed = probe.map(|probe| match probe.failure {
        None => CheckResult::good(what, format!("{} accepts traces", probe.collector)),
        Some(failure) => CheckResult::poor(
            what,
            format!("{} accepts no traces: {failure}", probe.collector),
            "correct otel.endpoint and otel.headers, or the OTEL_ variables; orders do not depend on it",
        ),
    });
    results.extend(probed);
    results
}
