//! `worker doctor`: looks at everything that the worker depends on, and says what to do.

mod redis;
mod vendor;

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    config::Config,
    decide::Json,
    out::{escape_control, outln},
};

/// One thing that was looked at.
#[derive(Serialize)]
struct CheckResult {
    what: &'static str,
    verdict: Verdict,
    seen: String,
    /// What to do about it.
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    /// The worker runs, but not as well or as safely as it could.
    Poor,
    /// The worker does not run like this, or orders are in danger.
    Bad,
}

/// Prints what is found, as it is found. Whether nothing of it is bad.
pub(crate) async fn run(
    config: &Config,
    Json { json }: Json,
) -> Result<bool, Box<dyn std::error::Error>> {
    let client = config.client()?;
    let inspector = config.inspector()?;
    let mut bad = 0;
    let mut tell = |findings: Vec<CheckResult>| {
        for finding in findings {
            bad += usize::from(finding.verdict == Verdict::Bad);
            if json {
                outln!("{}", serde_json::to_string(&finding)?)?;
            } else {
                outln!("{finding}")?;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    tell(redis::findings(config, &inspector).await)?;
    tell(vendor::findings(&client, &inspector).await)?;
    if bad > 0 {
        eprintln!("worker: {bad} of the above must be mended before orders are safe");
    }
    Ok(bad == 0)
}

impl CheckResult {
    fn good(what: &'static str, seen: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Good,
            seen: seen.into(),
            remedy: None,
        }
    }

    fn poor(what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Poor,
            remedy: Some(remedy.into()),
            ..Self::good(what, seen)
        }
    }

    fn bad(what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::poor(what, seen, remedy)
        }
    }

    /// Of a clock that is this far from ours.
    fn of_clock(what: &'static str, whose: &str, difference: Duration, limit: Duration) -> Self {
        let seen = format!(
            "{whose} and this machine differ by {:.1} s",
            difference.as_secs_f64()
        );
        let remedy = "keep all clocks by NTP: `timedatectl set-ntp true`";
        if difference > limit {
            Self::bad(what, seen, remedy)
        } else if difference > limit / 10 {
            Self::poor(what, seen, remedy)
        } else {
            Self::good(what, seen)
        }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => "ok",
            Verdict::Poor => "warn",
            Verdict::Bad => "BAD",
        };
        write!(
            f,
            "{verdict:<6}{:<18}{}",
            self.what,
            escape_control(&self.seen)
        )?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n{:24}-> {}", "", escape_control(remedy))?;
        }
        Ok(())
    }
}
