//! The summary of a run for a human reader.

use std::{collections::BTreeMap, fmt};

use super::{
    check::Promise,
    history::{History, Kind},
    report::Report,
    schedule::Action,
};

/// The text form of a report, without card keys.
pub(crate) struct Summary<'a>(pub(crate) &'a Report);

/// The number of violations to print. Further ones are only counted.
const SHOWN: usize = 40;

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            settings,
            history,
            violations,
            folder,
        } = self.0;
        let seconds = |from: u64, to: u64| to.saturating_sub(from) / 1000;
        writeln!(
            f,
            "seed {}: {} orders, {} workers, vendor behaviour `{:?}`; storm {} s, then settled after {} s",
            settings.seed,
            settings.orders,
            settings.workers,
            settings.duplicate,
            seconds(history.started_at, history.storm_ended),
            seconds(history.storm_ended, history.finished),
        )?;
        writeln!(f, "orders     {}", format_counts(&outcomes(history)))?;
        writeln!(f, "attempts   {}", format_counts(&attempts(history)))?;
        writeln!(f, "actions    {}", format_counts(&actions(history)))?;
        writeln!(f, "faults     {}", format_counts(&history.faults))?;
        writeln!(
            f,
            "workers    {}",
            format_counts(&count(history.exits.iter().cloned()))
        )?;
        writeln!(f, "log lost   {:?} bytes", history.lost_bytes)?;
        writeln!(f, "servers    {}", servers(history))?;
        writeln!(f, "recovery   {}", recovery(history))?;
        let line = Promise::ALL.map(|promise| {
            let broken_promises = violations
                .iter()
                .filter(|violation| violation.promise == promise);
            format!("{} {}", promise.broken_promises(), broken_promises.count())
        });
        writeln!(f, "verdict    {}", line.join(", "))?;
        for fault in self.0.missing_faults() {
            writeln!(f, "  proves little: no {fault}")?;
        }
        // A run that is too slow leaves many orders without a result. They must not hide the others.
        let mut shown: Vec<_> = violations.iter().collect();
        shown.sort_by_key(|violation| violation.promise == Promise::NeverLost);
        for violation in shown.into_iter().take(SHOWN) {
            writeln!(f, "  {violation}")?;
        }
        if violations.len() > SHOWN {
            writeln!(f, "  and {} more", violations.len() - SHOWN)?;
        }
        folder.as_ref().map_or(Ok(()), |folder| {
            writeln!(f, "files      {}", folder.display())
        })
    }
}

fn outcomes(history: &History) -> BTreeMap<String, u64> {
    let published = history
        .published
        .iter()
        .map(|published| match published.kind() {
            Kind::First => published.get("status").to_owned(),
            Kind::Replay => "replayed".into(),
            Kind::Rejection => published.get("reason").to_owned(),
        });
    let open = history.open.iter().map(|id| match history.records.get(id) {
        Some(record) => record.get("state").cloned().unwrap_or_default(),
        None => "no record".into(),
    });
    count(published.chain(open))
}

fn servers(history: &History) -> String {
    let (made, skipped) = history.promotions;
    let on_former = history
        .consumed
        .iter()
        .filter(|published| published.only_on_former);
    format!(
        "{} steps of a clock; {made} promotions, and {skipped} that no replica was ready for; {} results read only on a former master",
        history.clock_steps(),
        on_former.count(),
    )
}

fn attempts(history: &History) -> BTreeMap<String, u64> {
    let firsts = history
        .published
        .iter()
        .filter(|published| published.kind() == Kind::First);
    count(firsts.map(|published| {
        format!(
            "{} by {}",
            published.get("attempts"),
            published.get("source")
        )
    }))
}

fn actions(history: &History) -> BTreeMap<String, u64> {
    let name = |action: &Action| {
        let text = format!("{action:?}");
        match action {
            Action::RedisLink(_) | Action::VendorLink(_) => text,
            _ => text.split('(').next().unwrap_or_default().to_owned(),
        }
    };
    count(history.actions.iter().map(|timed| name(&timed.action)))
}

/// The times from each restart of Redis, and from the end of the storm, to the next result.
fn recovery(history: &History) -> String {
    let mut results: Vec<_> = history
        .consumed
        .iter()
        .map(|published| published.read)
        .collect();
    results.sort_unstable();
    let after = |time: u64| {
        let next = results.get(results.partition_point(|result| *result < time))?;
        Some(next - time)
    };
    let returns = history
        .actions
        .iter()
        .filter(|timed| timed.action == Action::StartRedis);
    let times = returns
        .map(|timed| history.started_at + u64::try_from(timed.at.as_millis()).unwrap_or(u64::MAX));
    let mut waits: Vec<_> = times.filter_map(after).collect();
    waits.sort_unstable();
    let longest = waits.last().copied().unwrap_or_default();
    let middle = waits.get(waits.len() / 2).copied().unwrap_or_default();
    let last = results
        .last()
        .map_or(0, |last| last.saturating_sub(history.storm_ended));
    let in_storm = results.partition_point(|result| *result < history.storm_ended);
    format!(
        "{in_storm} results in the storm and {} after it; first result {middle} ms after a restart of Redis in the median, {longest} ms at worst; last result {last} ms after the storm",
        results.len() - in_storm,
    )
}

fn count(words: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut count = BTreeMap::new();
    for word in words {
        *count.entry(word).or_default() += 1;
    }
    count
}

fn format_counts(count: &BTreeMap<String, u64>) -> String {
    let words: Vec<_> = count
        .iter()
        .map(|(word, times)| format!("{word} {times}"))
        .collect();
    words.join(", ")
}
