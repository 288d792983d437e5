//! What a process says about its health.

use std::{collections::BTreeMap, fmt::Display};

use serde::{Deserialize, Serialize};

use crate::terminal::escape_control;

/// The answer of `/healthz`, and what `worker health --json` prints.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Report {
    /// The name of the process.
    pub(super) worker: String,
    /// The version of the program.
    pub(super) version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) live: Option<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<Part>,
}

/// Checks that must all be good.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Part {
    pub(super) ok: bool,
    /// By name: `ok`, or `failed: ` and the reason.
    checks: BTreeMap<String, String>,
}

/// One check: its name, and why it failed, if it did.
pub(super) type Check<'a> = (&'a str, Option<String>);

const OK: &str = "ok";
/// The longest reason, in bytes. It may contain what Redis has sent.
const LONGEST_REASON: usize = 300;

impl Part {
    pub(super) fn new<'a>(checks: impl IntoIterator<Item = Check<'a>>) -> Self {
        let checks = checks.into_iter();
        let checks: BTreeMap<_, _> = checks
            .map(|(name, failure)| (name.into(), words(failure)))
            .collect();
        Self {
            ok: checks.values().all(|words| words == OK),
            checks,
        }
    }

    /// A line for each check.
    pub(super) fn lines(&self) -> String {
        let lines = self.checks.iter();
        let lines: Vec<_> = lines
            .map(|(name, words)| format!("{name}: {words}\n"))
            .collect();
        lines.concat()
    }

    /// `ok`, or the checks that failed.
    pub(super) fn summary(&self) -> String {
        if self.ok {
            return OK.into();
        }
        let failed = self.checks.iter().filter(|(_, words)| *words != OK);
        let failed: Vec<_> = failed
            .map(|(name, words)| format!("{name} {words}"))
            .collect();
        failed.join("; ")
    }
}

impl Report {
    pub(super) fn is_ok(&self) -> bool {
        let mut parts = [&self.live, &self.ready].into_iter().flatten();
        parts.all(|part| part.ok)
    }
}

fn words(failure: Option<String>) -> String {
    let Some(reason) = failure else {
        return OK.into();
    };
    let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    format!("failed: {}", escape_control(reason))
}

/// Why something failed, if it did.
pub(super) fn failure(outcome: Result<(), impl Display>) -> Option<String> {
    outcome.err().map(|reason| reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_says_what_failed() {
        let good = Part::new([("b", None), ("a", None)]);
        assert_eq!((good.ok, good.lines().as_str()), (true, "a: ok\nb: ok\n"));
        assert_eq!(good.summary(), "ok");
        let bad = Part::new([
            ("b", Some("gone".into())),
            ("a", None),
            ("c", Some("x".into())),
        ]);
        assert!(!bad.ok);
        assert_eq!(bad.lines(), "a: ok\nb: failed: gone\nc: failed: x\n");
        assert_eq!(bad.summary(), "b failed: gone; c failed: x");
    }

    #[test]
    fn reason_from_redis_stays_in_its_line() {
        let reason = format!("no\nREADY=1 {}", "ü".repeat(LONGEST_REASON));
        let part = Part::new([("redis", Some(reason))]);
        assert!(part.lines().starts_with("redis: failed: no\\nREADY=1 ü"));
        assert_eq!(part.lines().lines().count(), 1);
        assert!(part.lines().len() < LONGEST_REASON + 30);
    }
}
