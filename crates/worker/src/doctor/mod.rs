//! `worker doctor`: checks everything that the worker depends on, and says what to do.

mod account;
mod inbox;
mod notify;
mod queue;
pub(crate) mod redis;
pub(crate) mod results;
mod secret_files;
mod traces;
mod vendor;

use std::time::Duration;

use serde::Serialize;

use crate::{
    config::Config,
    terminal::{
        CommandResult, errln, escape_control,
        format::count,
        outln,
        style::{self, Tone},
        wrap,
    },
};

/// The result of one check.
#[derive(Serialize)]
struct CheckResult {
    what: &'static str,
    verdict: Verdict,
    seen: String,
    /// What to do.
    remedy: Option<String>,
    /// A worker must claim no orders as long as this is so.
    #[serde(skip)]
    stops_worker: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    #[serde(rename = "ok")]
    Good,
    /// The worker runs, but could run better or more safely.
    #[serde(rename = "warn")]
    Poor,
    /// The worker does not run, or orders are in danger.
    Bad,
}

/// Prints the result of each check as soon as it is known. Returns `true` if none is bad.
pub(crate) async fn check(config: &Config, as_json: bool) -> CommandResult {
    let client = config.client()?;
    let (handle, agreement) = (config.handle()?, config.agreement()?);
    let mut bad = print(secret_files::check(config), as_json)?;
    bad += print(redis::check(config, &handle).await, as_json)?;
    bad += print(queue::check(&handle).await, as_json)?;
    bad += print(account::check(&handle, &agreement).await, as_json)?;
    bad += print(results::check(config, &handle, &agreement).await, as_json)?;
    bad += print(notify::check(config, &handle).await, as_json)?;
    bad += print(traces::check(config), as_json)?;
    let vendor = vendor::check(&client, &handle, agreement.account()).await;
    bad += print(vendor, as_json)?;
    if bad > 0 {
        let bad = count(bad as u64, "check is BAD", "checks are BAD");
        errln!("worker: {bad}: the line `->` below each says what to do");
    }
    Ok(bad == 0)
}

/// Prints results and returns how many are bad.
fn print(results: Vec<CheckResult>, as_json: bool) -> std::io::Result<usize> {
    let mut bad = 0;
    for result in results {
        bad += usize::from(result.verdict == Verdict::Bad);
        if as_json {
            outln!("{}", serde_json::to_string(&result)?)?;
        } else {
            outln!("{}", result.lines(style::width()))?;
        }
    }
    Ok(bad)
}

impl CheckResult {
    fn good(what: &'static str, seen: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Good,
            seen: seen.into(),
            remedy: None,
            stops_worker: false,
        }
    }

    fn poor(what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Poor,
            remedy: Some(remedy.into()).filter(|remedy| !remedy.is_empty()),
            ..Self::good(what, seen)
        }
    }

    fn bad(what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::poor(what, seen, remedy)
        }
    }

    /// Bad, and a worker must claim no orders.
    fn danger(what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            stops_worker: true,
            ..Self::bad(what, seen, remedy)
        }
    }

    /// What was seen, and the remedy.
    fn text(&self) -> String {
        let remedy = self.remedy.as_ref();
        let remedy = remedy.map_or_else(String::new, |remedy| format!(". Remedy: {remedy}"));
        format!("{}: {}{remedy}", self.what, self.seen)
    }

    /// The result for two clocks that differ this much.
    fn clock(what: &'static str, owners: &str, difference: Duration, limit: Duration) -> Self {
        let seen = format!(
            "the clocks of {owners} differ by {:.1} s",
            difference.as_secs_f64()
        );
        let remedy = "set all clocks by NTP: run `timedatectl set-ntp true`";
        if difference > limit {
            Self::bad(what, seen, remedy)
        } else if difference > limit / 10 {
            Self::poor(what, seen, remedy)
        } else {
            Self::good(what, seen)
        }
    }
}

/// The widths of the columns of verdict and check.
const VERDICT: usize = 6;
const WHAT: usize = 18;

impl CheckResult {
    /// The result as lines of this width, the remedy below.
    fn lines(&self, width: Option<usize>) -> String {
        let (verdict, tone) = match self.verdict {
            Verdict::Good => ("ok", Tone::Good),
            Verdict::Poor => ("warn", Tone::Notice),
            Verdict::Bad => ("BAD", Tone::Bad),
        };
        let padding = " ".repeat(VERDICT - verdict.len());
        let start = format!("{}{padding}{:<WHAT$}", tone.paint(verdict), self.what);
        let seen = wrap::hanging(&start, VERDICT + WHAT, &escape_control(&self.seen), width);
        match &self.remedy {
            None => seen,
            Some(remedy) => {
                let arrow = format!("{:1$}-> ", "", VERDICT + WHAT);
                let remedy = wrap::hanging(&arrow, arrow.len(), &escape_control(remedy), width);
                format!("{seen}\n{remedy}")
            }
        }
    }
}
