//! What a person reads.

use std::{collections::BTreeMap, fmt};

use super::{
    check::Promise,
    history::{History, Kind, time_of},
    run::Report,
    schedule::Action,
};

/// A report in words, without card keys.
pub(crate) struct Summary<'a>(pub(crate) &'a Report);

/// More violations than these are only counted.
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
            "seed {}: {} orders, {} workers, a vendor of the kind `{:?}`; storm {} s, then all settled after {} s",
            settings.seed,
            settings.orders,
            settings.workers,
            settings.duplicate,
            seconds(history.began, history.calm),
            seconds(history.calm, history.over),
        )?;
        writeln!(f, "orders     {}", listed(&outcomes(history)))?;
        writeln!(f, "attempts   {}", listed(&attempts(history)))?;
        writeln!(f, "actions    {}", listed(&actions(history)))?;
        writeln!(f, "faults     {}", listed(&history.faults))?;
        writeln!(
            f,
            "workers    {}",
            listed(&counted(history.ends.iter().cloned()))
        )?;
        writeln!(f, "log lost   {:?} bytes", history.lost_bytes)?;
        writeln!(f, "recovery   {}", recovery(history))?;
        let line = Promise::ALL.map(|promise| {
            let broken = violations
                .iter()
                .filter(|violation| violation.promise == promise);
            format!("{} {}", promise.broken(), broken.count())
        });
        writeln!(f, "verdict    {}", line.join(", "))?;
        for violation in violations.iter().take(SHOWN) {
            writeln!(f, "  {violation}")?;
        }
        if violations.len() > SHOWN {
            writeln!(f, "  and {} more", violations.len() - SHOWN)?;
        }
        folder.as_ref().map_or(Ok(()), |folder| {
            writeln!(f, "all of it  {}", folder.display())
        })
    }
}

fn outcomes(history: &History) -> BTreeMap<String, u64> {
    let told = history.told.iter().map(|told| match told.kind() {
        Kind::First => told.get("status").to_owned(),
        Kind::Replay => "told again".into(),
        Kind::Objection => told.get("reason").to_owned(),
    });
    let open = history.open.iter().map(|id| match history.records.get(id) {
        Some(record) => record.get("state").cloned().unwrap_or_default(),
        None => "without a record".into(),
    });
    counted(told.chain(open))
}

fn attempts(history: &History) -> BTreeMap<String, u64> {
    let firsts = history
        .told
        .iter()
        .filter(|told| told.kind() == Kind::First);
    counted(firsts.map(|told| format!("{} by {}", told.get("attempts"), told.get("source"))))
}

fn actions(history: &History) -> BTreeMap<String, u64> {
    let name = |action: &Action| {
        let text = format!("{action:?}");
        match action {
            Action::RedisLink(_) | Action::VendorLink(_) => text,
            _ => text.split('(').next().unwrap_or_default().to_owned(),
        }
    };
    counted(history.deeds.iter().map(|deed| name(&deed.action)))
}

/// How soon after each return of Redis, and after the storm, a result came.
fn recovery(history: &History) -> String {
    let mut results: Vec<_> = history
        .live
        .iter()
        .map(|told| time_of(&told.entry))
        .collect();
    results.sort_unstable();
    let after = |time: u64| {
        let next = results.get(results.partition_point(|result| *result < time))?;
        Some(next - time)
    };
    let returns = history
        .deeds
        .iter()
        .filter(|deed| deed.action == Action::StartRedis);
    let times =
        returns.map(|deed| history.began + u64::try_from(deed.at.as_millis()).unwrap_or(u64::MAX));
    let mut waits: Vec<_> = times.filter_map(after).collect();
    waits.sort_unstable();
    let longest = waits.last().copied().unwrap_or_default();
    let middle = waits.get(waits.len() / 2).copied().unwrap_or_default();
    let last = results
        .last()
        .map_or(0, |last| last.saturating_sub(history.calm));
    let in_storm = results.partition_point(|result| *result < history.calm);
    format!(
        "{in_storm} results in the storm and {} after it; first one {middle} ms after a return of Redis in the middle, {longest} ms at worst; last one {last} ms after the storm",
        results.len() - in_storm,
    )
}

fn counted(words: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for word in words {
        *counted.entry(word).or_default() += 1;
    }
    counted
}

fn listed(counted: &BTreeMap<String, u64>) -> String {
    let words: Vec<_> = counted
        .iter()
        .map(|(word, times)| format!("{word} {times}"))
        .collect();
    words.join(", ")
}
