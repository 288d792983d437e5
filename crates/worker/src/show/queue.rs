use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use hp_order::Millis;
use hp_queue::{Control, Inspector, OpenOrderScan, Status};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Shown, length, print_json, table, time};
use crate::{
    config::Config,
    decide::Json,
    out::{escape_control, outln},
};

/// What to do with entries that name no usable order.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Rejected {
    /// List them, oldest first; with --json an object a line.
    List(Json),
    /// Put one into the inbox again, as it came or mended.
    ///
    ///   worker rejected requeue 1700000000000-0 --set order_id=A-1001
    #[command(verbatim_doc_comment)]
    Requeue(Requeue),
    /// Remove some.
    Discard(Entries),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Requeue {
    /// Its id in {hp}:rejected, as `list` shows it.
    #[arg(value_parser = entry)]
    entry: String,
    /// A field's value in place of its own; may be given again.
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Entries {
    /// Their ids in {hp}:rejected, as `list` shows them.
    #[arg(required = true, value_parser = entry)]
    entries: Vec<String>,
}

const PAGE: usize = 256;

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    Ok((name.into(), value.into()))
}

/// An id as Redis gives them to entries of streams.
fn entry(text: &str) -> Result<String, String> {
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    match text.split_once('-') {
        Some((at, number)) if is_number(at) && is_number(number) => Ok(text.into()),
        _ => Err("write it as `worker rejected list` shows it, such as 1700000000000-0".into()),
    }
}

/// `worker rejected list` and `requeue`.
pub(crate) async fn rejected(config: &Config, what: Rejected) -> Shown {
    let control = config.control()?;
    match what {
        Rejected::List(json) => list(&config.inspector()?, json.json).await,
        Rejected::Requeue(one) => {
            let added = control.requeue_dead_letter(&one.entry, &one.values).await?;
            match &added {
                Some(entry) => outln!("in the inbox again as {entry}")?,
                None => outln!("there is no such entry")?,
            }
            Ok(added.is_some())
        }
        Rejected::Discard(entries) => discard(&control, &entries.entries).await,
    }
}

async fn discard(control: &Control, entries: &[String]) -> Shown {
    let mut all_done = true;
    for entry in entries {
        let is_gone = control.discard_dead_letter(entry).await?;
        outln!(
            "{entry}: {}",
            if is_gone {
                "removed"
            } else {
                "there is no such entry"
            }
        )?;
        all_done &= is_gone;
    }
    Ok(all_done)
}

async fn list(inspector: &Inspector, as_json: bool) -> Shown {
    let mut after = String::new();
    loop {
        let page = inspector.dead_letters(&after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(true);
        };
        after.clone_from(&last.entry);
        for entry in &page {
            if as_json {
                outln!("{}", serde_json::to_string(entry)?)?;
            } else {
                let fields = entry.fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, value)| format!("{}={value:?}", escape_control(name)))
                    .collect();
                outln!("{}  {}", entry.entry, fields.join(" "))?;
            }
        }
    }
}

/// `worker pause`.
pub(crate) async fn pause(config: &Config, why: &str) -> Shown {
    let control = config.control()?;
    let is_new = control.pause(why, &crate::decide::user()).await?;
    if is_new {
        outln!("no more orders are taken until `worker resume`")?;
    } else {
        let reason = config.inspector()?.paused().await?.unwrap_or_default();
        outln!("the queue was paused already: {}", escape_control(&reason))?;
    }
    Ok(is_new)
}

/// The queue as a whole, and its open orders by state.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    queue: Status,
    states: BTreeMap<&'static str, u64>,
    /// Calls a second over all workers, as this configuration has it.
    rate: Option<f64>,
}

/// `worker status`.
pub(crate) async fn status(config: &Config, json: Json) -> Shown {
    let inspector = config.inspector()?;
    let queue = inspector.status().await?;
    let whole = Whole {
        states: states(&inspector, Millis(queue.now)).await?,
        queue,
        rate: config.rate,
    };
    if json.json {
        print_json(&in_json(&whole)?)?;
    } else {
        print(&whole)?;
    }
    Ok(whole.queue.paused.is_empty())
}

async fn states(
    inspector: &Inspector,
    now: Millis,
) -> Result<BTreeMap<&'static str, u64>, hp_queue::QueueError> {
    let (mut walk, mut states) = (OpenOrderScan::default(), BTreeMap::new());
    loop {
        let ids = inspector.open_orders(&mut walk, now, PAGE).await?;
        if ids.is_empty() {
            return Ok(states);
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for looked in inspector.snapshot(&ids).await? {
            let state = looked.map_or("unreadable", |looked| looked.record.state.as_str());
            *states.entry(state).or_default() += 1;
        }
    }
}

/// Numbers as such, and what the last run tells in JSON as that.
fn in_json(whole: &Whole) -> serde_json::Result<Value> {
    let mut shown = serde_json::to_value(whole)?;
    let queue = &whole.queue;
    let oldest = queue.oldest.as_ref();
    shown["oldest"] = oldest.map_or(
        Value::Null,
        |(id, at)| json!({ "order_id": id, "accepted_at": at }),
    );
    for (name, fields) in [("last_run", &queue.last_run), ("breaker", &queue.breaker)] {
        let values = fields.iter().filter(|(_, text)| !text.is_empty());
        let values = values.map(|(name, text)| (name.clone(), value(text)));
        shown[name] = Value::Object(values.collect());
    }
    Ok(shown)
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// A number, and what makes it up.
fn counted(number: impl std::fmt::Display, parts: &[String]) -> String {
    match parts {
        [] => number.to_string(),
        parts => format!("{number}: {}", parts.join(", ")),
    }
}

fn print(whole: &Whole) -> std::io::Result<()> {
    let queue = &whole.queue;
    let now = Millis(queue.now);
    let until = |at: u64| length(Millis(at).since(now));
    let field = |fields: &std::collections::HashMap<String, String>, name: &str| {
        fields.get(name).cloned().unwrap_or_default()
    };
    let states = whole.states.iter().map(|(state, n)| format!("{n} {state}"));
    let oldest = queue.oldest.as_ref().map_or_else(String::new, |(id, at)| {
        format!("{id}, {}", length(now.since(Millis(*at))))
    });
    let paused = if queue.paused.is_empty() {
        "no".into()
    } else {
        let (reason, by) = (field(&queue.paused, "reason"), field(&queue.paused, "by"));
        format!("{reason} (by {by})")
    };
    let breaker = if queue.breaker.contains_key("until") {
        let since = field(&queue.breaker, "since").parse().unwrap_or(queue.now);
        format!("open: no answers for {}", length(now.since(Millis(since))))
    } else {
        "closed".into()
    };
    let holds = queue
        .holds
        .iter()
        .map(|(currency, at)| format!("{currency} for {}", until(*at)));
    let last = match queue
        .last_run
        .get("finished_at")
        .and_then(|at| at.parse().ok())
    {
        None => "none yet".into(),
        Some(at) => format!(
            "{}: {} looked at, {} need a person{}",
            time(Millis(at)),
            field(&queue.last_run, "looked_at"),
            field(&queue.last_run, "for_a_person"),
            queue
                .last_run
                .get("incomplete")
                .filter(|why| !why.is_empty())
                .map_or_else(String::new, |why| format!("; {why}")),
        ),
    };
    let mut workers: Vec<_> = queue.workers.keys().cloned().collect();
    workers.sort();
    table::pairs(&[
        ("new", queue.new.to_string()),
        ("open", counted(queue.open, &states.collect::<Vec<_>>())),
        ("oldest", oldest),
        ("rejected", queue.rejected.to_string()),
        ("paused", paused),
        ("breaker", breaker),
        ("held", holds.collect::<Vec<_>>().join(", ")),
        (
            "rate",
            whole.rate.map_or_else(
                || "unlimited".into(),
                |rate| format!("{rate} calls a second"),
            ),
        ),
        ("workers", counted(workers.len(), &workers)),
        ("last run", last),
    ])
}
