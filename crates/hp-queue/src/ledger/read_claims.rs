use std::{sync::Arc, time::Duration};

use hp_api::FetchCards;
use hp_order::{BalanceScope, Millis, Record};
use redis::Value;

use super::{
    claim::{Claim, ClaimBatch, ClaimSkip, Repair},
    epoch::{DoubtTimes, Epoch},
};
use crate::{
    agreement::Agreement,
    error::QueueError,
    fields::FieldReader,
    history::History,
    record::{claim_new, read_record, time},
};

/// Reads the answer of a claim script.
pub(super) fn read_batch(
    answer: &FieldReader<'_>,
    times: DoubtTimes,
    agreement: &Agreement,
) -> Result<ClaimBatch, QueueError> {
    let epoch = Epoch::read(answer)?;
    let now = Millis(answer.answer("now")?);
    let ms = |name| answer.text(name).and_then(|ms| ms.parse().ok());
    let (mut claims, mut unreadable) = (Vec::new(), Vec::new());
    for value in answer.list("claims") {
        if let Value::BulkString(lines) = value {
            read_new(lines, now, &epoch, times, agreement, &mut claims)?;
            continue;
        }
        let fields = FieldReader::new(value);
        match read_claim(&fields, now, &epoch, times, agreement) {
            Ok(claim) => claims.push(claim),
            Err(why) => {
                let id = fields.text("order_id").unwrap_or_default();
                unreadable.push((id.into(), why));
            }
        }
    }
    Ok(ClaimBatch {
        now,
        claims,
        unreadable,
        paused: answer.words("paused"),
        more: answer.text("more").is_some(),
        next_due: ms("next_due").map(Duration::from_millis),
        wait: ms("wait").map(Duration::from_millis),
        throttled_until: ms("throttled_until").map(Millis),
        breaker_open_since: ms("breaker_open_since").map(Millis),
        lost: ms("lost").unwrap_or(0),
        holds: answer.pairs("holds").iter().filter_map(read_hold).collect(),
        skips: answer
            .pairs("skips")
            .into_iter()
            .map(|(id, word)| (id, ClaimSkip::read(word)))
            .collect(),
    })
}

/// Reads new orders that were claimed under no special condition, a line for each.
fn read_new(
    lines: &[u8],
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
    agreement: &Agreement,
    claims: &mut Vec<Claim>,
) -> Result<(), QueueError> {
    let lines = str::from_utf8(lines).map_err(|_| unknown_line("no UTF-8"))?;
    for line in lines.lines() {
        let record = read_line(line, now).ok_or_else(|| unknown_line(line))?;
        claims.push(Claim {
            record: Record {
                arrives_until: Some(now.plus(times.resubmit_after)),
                other_account: agreement.other_account_of(None),
                ..record
            },
            epoch: Arc::clone(&epoch.id),
            reply_to: None,
            meta: None,
            traceparent: None,
            history: History::default(),
            at: now,
            note: None,
            held: None,
        });
    }
    Ok(())
}

fn unknown_line(line: &str) -> QueueError {
    QueueError::Protocol(format!("`{line}` is no new order"))
}

/// Reads `order_id product_id quantity`.
fn read_line(line: &str, now: Millis) -> Option<Record> {
    let mut words = line.split(' ');
    let wanted = FetchCards {
        order_id: words.next()?.parse().ok()?,
        product_id: words.next()?.parse().ok()?,
        quantity: words.next()?.parse().ok()?,
    };
    words
        .next()
        .is_none()
        .then(|| claim_new(Record::admitted(wanted, now), now))
}

fn read_claim(
    fields: &FieldReader<'_>,
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
    agreement: &Agreement,
) -> Result<Claim, String> {
    let record = read_record(fields, now)?;
    let restarted_at = match fields.text("drops_doubt") {
        Some(_) => None,
        None => time(fields, "restarted_at")?,
    };
    let arrives_until = epoch.arrives_until(fields, &record, now, times)?;
    let valid_from = |at| epoch.not_found_valid_from(at, record.cause, times);
    let text = |name| fields.text(name).map(str::to_owned);
    Ok(Claim {
        record: Record {
            arrives_until,
            not_found_valid_from: restarted_at.map(|at| epoch.by_clock(now, valid_from(at))),
            other_account: agreement.other_account_of(fields.text("account")),
            ..record
        },
        epoch: Arc::clone(&epoch.id),
        reply_to: text("reply_to"),
        meta: fields.bytes("meta").map(Into::into),
        traceparent: text("traceparent"),
        history: fields
            .text("history")
            .map(History::read)
            .unwrap_or_default(),
        at: now,
        note: None,
        held: fields.parse("held")?,
    })
}

impl ClaimSkip {
    fn read(word: String) -> Self {
        match word.as_str() {
            "ended" => Self::Ended,
            "claimed" => Self::Claimed,
            "unsent" => Self::Unsent,
            "unknown" => Self::Unknown,
            "forgotten" => Self::Repaired(Repair::Forgotten),
            "listed" => Self::Repaired(Repair::Listed),
            "scheduled" => Self::Repaired(Repair::Scheduled),
            "unlisted" => Self::Repaired(Repair::Unlisted),
            "without_result" => Self::Repaired(Repair::WithoutResult),
            _ => Self::Unusable(word),
        }
    }
}

fn read_hold((scope, until): &(String, String)) -> Option<(BalanceScope, Millis)> {
    Some((scope.parse().ok()?, Millis(until.parse().ok()?)))
}
