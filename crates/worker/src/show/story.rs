use hp_order::Millis;
use hp_queue::{HistoryEntry, OrderSnapshot};
use serde::Serialize;

use super::{Shown, orders::Listed, print_json, table, time};
use crate::{
    config::Config,
    decide::One,
    out::{escape_control, outln},
};

/// An order and what became of it.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    order: Listed,
    reply_to: Option<String>,
    result: Option<String>,
    claim: u64,
    story: Vec<ClaimSkip>,
}

#[derive(Serialize)]
struct ClaimSkip {
    /// Unix ms.
    at: u64,
    claim: u64,
    state: &'static str,
    cause: Option<&'static str>,
    code: Option<i64>,
    note: Option<String>,
}

/// `worker order`.
pub(crate) async fn order(config: &Config, one: One) -> Shown {
    let inspector = config.inspector()?;
    let looked = match inspector.snapshot(&[one.id.as_str()]).await?.pop() {
        None => {
            eprintln!(
                "worker: there is no such order; is it in the inbox still, or its record out of ledger.retention?"
            );
            return Ok(false);
        }
        Some(Err((id, why))) => {
            let why = escape_control(&why);
            eprintln!("worker: the record of {id} cannot be read: {why}");
            return Ok(false);
        }
        Some(Ok(looked)) => looked,
    };
    if one.json {
        print_json(&whole(looked))?;
    } else {
        print(&looked)?;
    }
    Ok(true)
}

fn whole(looked: OrderSnapshot) -> Whole {
    Whole {
        order: Listed::of(&looked),
        claim: looked.record.claim,
        story: looked.history.entries().iter().map(told).collect(),
        reply_to: looked.reply_to,
        result: looked.result,
    }
}

fn told(transition: &HistoryEntry) -> ClaimSkip {
    ClaimSkip {
        at: transition.at.0,
        claim: transition.claim,
        state: transition.state.as_str(),
        cause: transition.cause.map(hp_order::Cause::as_str),
        code: transition.code,
        note: transition.note.clone(),
    }
}

fn print(looked: &OrderSnapshot) -> std::io::Result<()> {
    let record = &looked.record;
    let at = |at: Option<Millis>| at.map_or_else(String::new, time);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let ended = match (record.failed, record.rejected) {
        (Some((reason, source)), _) => format!("{} ({})", reason.as_str(), source.as_str()),
        (_, Some(rejection)) => rejection.as_str().into(),
        _ => String::new(),
    };
    table::pairs(&[
        ("order", record.wanted.order_id.to_string()),
        ("state", record.state.to_string()),
        ("product", record.wanted.product_id.to_string()),
        ("cards", record.wanted.quantity.to_string()),
        ("accepted", time(record.accepted_at)),
        ("submitted", at(record.submitted_at)),
        ("changed", at(looked.updated_at)),
        ("ended", at(looked.finished_at)),
        (
            "due",
            if looked.is_claimed {
                "in a worker's hands".into()
            } else {
                at(record.due_at)
            },
        ),
        ("deadline", at(record.deadline)),
        ("attempts", record.attempts.to_string()),
        ("checks", record.checks.to_string()),
        ("crashes", record.crashes.to_string()),
        (
            "cause",
            record
                .cause
                .map_or_else(String::new, |cause| cause.as_str().into()),
        ),
        ("reason", ended),
        (
            "code",
            record
                .code
                .map_or_else(String::new, |code| code.to_string()),
        ),
        ("answer", text(&record.message)),
        ("result", text(&looked.result)),
        ("result in", text(&looked.reply_to)),
    ])?;
    outln!("\n{}  {:>5}  admitted", time(record.accepted_at), "")?;
    for step in looked.history.entries() {
        let words = [
            Some(step.state.to_string()),
            step.cause.map(|cause| cause.as_str().into()),
            step.code.map(|code| code.to_string()),
            step.note.clone(),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        outln!(
            "{}  #{:<4}  {}",
            time(step.at),
            step.claim,
            escape_control(&words.join(" "))
        )?;
    }
    Ok(())
}
