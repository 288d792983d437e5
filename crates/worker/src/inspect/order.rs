use hp_api::OrderId;
use hp_order::{Cause, Millis};
use hp_queue::{HistoryEntry, OrderSnapshot};
use serde::Serialize;

use super::row::OrderRow;
use crate::{
    config::Config,
    terminal::{
        CommandResult, errln, escape_control,
        format::{print_json, time},
        outln,
        table::print_pairs,
    },
};

/// An order and its history.
#[derive(Serialize)]
struct OrderDetails {
    #[serde(flatten)]
    order: OrderRow,
    reply_to: Option<String>,
    result: Option<String>,
    account: Option<String>,
    claim: u64,
    /// Unix ms.
    first_submitted_at: Option<u64>,
    /// HitPoints' own number of the order, once it is completed.
    hp_order_id: Option<u64>,
    /// The name has been in the JSON output from the beginning.
    #[serde(rename = "story")]
    history: Vec<HistoryRow>,
}

#[derive(Serialize)]
struct HistoryRow {
    /// Unix ms.
    at: u64,
    claim: u64,
    state: &'static str,
    cause: Option<&'static str>,
    code: Option<i64>,
    note: Option<String>,
}

/// Shows an order and its history. Returns `false` if there is no such order.
pub(crate) async fn show_order(config: &Config, id: &OrderId, as_json: bool) -> CommandResult {
    let snapshots = config.inspector().await?.snapshot(&[id.as_str()]).await?;
    let snapshot = match snapshots.into_iter().next() {
        None => {
            errln!(
                "worker: there is no such order. It may still be in the inbox, or its record is older than ledger.retention"
            );
            return Ok(false);
        }
        Some(Err((id, error))) => {
            let error = escape_control(&error);
            errln!("worker: cannot read the record of {id}: {error}");
            return Ok(false);
        }
        Some(Ok(snapshot)) => snapshot,
    };
    if as_json {
        print_json(&OrderDetails::from(snapshot))?;
    } else {
        print(&snapshot)?;
    }
    Ok(true)
}

impl From<OrderSnapshot> for OrderDetails {
    fn from(snapshot: OrderSnapshot) -> Self {
        let history = snapshot.history.entries().iter();
        Self {
            order: OrderRow::from(&snapshot),
            claim: snapshot.record.claim,
            first_submitted_at: snapshot.record.first_submitted_at.map(|at| at.0),
            hp_order_id: snapshot.record.hp_order_id,
            history: history.map(HistoryRow::from).collect(),
            reply_to: snapshot.reply_to,
            result: snapshot.result,
            account: snapshot.account,
        }
    }
}

impl From<&HistoryEntry> for HistoryRow {
    fn from(entry: &HistoryEntry) -> Self {
        Self {
            at: entry.at.0,
            claim: entry.claim,
            state: entry.state.as_str(),
            cause: entry.cause.map(Cause::as_str),
            code: entry.code,
            note: entry.note.clone(),
        }
    }
}

fn print(snapshot: &OrderSnapshot) -> std::io::Result<()> {
    let record = &snapshot.record;
    let at = |at: Option<Millis>| at.map_or_else(String::new, time);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let due = if snapshot.is_claimed {
        "claimed by a worker".into()
    } else {
        at(record.due_at)
    };
    let cause = record.cause.map_or("", |cause| cause.as_str());
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let code = record.code.map(|code| code.to_string());
    print_pairs(&[
        ("order", record.wanted.order_id.to_string()),
        ("state", record.state.to_string()),
        ("at HitPoints", number(record.hp_order_id)),
        ("product", record.wanted.product_id.to_string()),
        ("cards", record.wanted.quantity.to_string()),
        ("accepted", time(record.accepted_at)),
        ("first submitted", at(record.first_submitted_at)),
        ("submitted", at(record.submitted_at)),
        ("changed", at(snapshot.updated_at)),
        ("ended", at(snapshot.finished_at)),
        ("due", due),
        ("deadline", at(record.deadline)),
        ("attempts", record.attempts.to_string()),
        ("checks", record.checks.to_string()),
        ("crashes", record.crashes.to_string()),
        ("cause", cause.into()),
        ("reason", reason(snapshot)),
        ("code", code.unwrap_or_default()),
        ("answer", text(&record.message)),
        ("result", text(&snapshot.result)),
        ("result in", text(&snapshot.reply_to)),
        ("account", text(&snapshot.account)),
    ])?;
    print_history(snapshot)
}

/// Why the order ended, and how that is known.
fn reason(snapshot: &OrderSnapshot) -> String {
    match (snapshot.record.failed, snapshot.record.rejected) {
        (Some((reason, source)), _) => format!("{} ({})", reason.as_str(), source.as_str()),
        (_, Some(rejection)) => rejection.as_str().into(),
        _ => String::new(),
    }
}

fn print_history(snapshot: &OrderSnapshot) -> std::io::Result<()> {
    let admitted = time(snapshot.record.accepted_at);
    outln!("\n{admitted}  {:>5}  admitted", "")?;
    for entry in snapshot.history.entries() {
        let words = [
            Some(entry.state.to_string()),
            entry.cause.map(|cause| cause.as_str().into()),
            entry.code.map(|code| code.to_string()),
            entry.note.clone(),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let words = words.join(" ");
        let (at, words) = (time(entry.at), escape_control(&words));
        outln!("{at}  #{:<4}  {words}", entry.claim)?;
    }
    Ok(())
}
