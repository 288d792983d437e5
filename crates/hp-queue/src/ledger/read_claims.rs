use std::{sync::Arc, time::Duration};

use hp_api::FetchCards;
use hp_order::{BalanceScope, Millis, Record};
use redis::Value;

use super::{
    claim::{Claim, ClaimBatch, ClaimSkip, Repair, Replay},
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
    let (mut claims, mut unreadable, mut takeovers) = (Vec::new(), Vec::new(), 0);
    let mut add = |id: &str, claim| match claim {
        Ok(claim) => claims.push(claim),
        Err(why) => unreadable.push((id.to_owned(), why)),
    };
    for value in answer.list("claims") {
        if let Value::BulkString(lines) = value {
            for line in String::from_utf8_lossy(lines).lines() {
                let id = line.split(' ').next().unwrap_or_default();
                add(id, read_new(line, now, &epoch, times, agreement));
            }
        } else {
            let fields = FieldReader::new(value);
            let id = fields.text("order_id").unwrap_or_default();
            takeovers += u64::from(is_takeover(&fields));
            add(id, read_claim(&fields, now, &epoch, times, agreement));
        }
    }
    Ok(ClaimBatch {
        now,
        claims,
        unreadable,
        paused: answer.words("paused"),
        took_entries: answer.text("took_entries").is_some(),
        more: answer.text("more").is_some(),
        next_due: ms("next_due").map(Duration::from_millis),
        wait: ms("wait").map(Duration::from_millis),
        throttled_until: ms("throttled_until").map(Millis),
        breaker_open_since: ms("breaker_open_since").map(Millis),
        lost: ms("lost").unwrap_or(0),
        dropped_letters: ms("dropped").unwrap_or(0),
        takeovers,
        holds: answer.pairs("holds").iter().filter_map(read_hold).collect(),
        replays: answer.lists("replays").filter_map(read_replay).collect(),
        skips: answer
            .pairs("skips")
            .into_iter()
            .map(|(id, word)| (id, ClaimSkip::read(word)))
            .collect(),
    })
}

/// Reads a line, `order_id product_id quantity enqueued_at`: a new order that was claimed under no special condition.
fn read_new(
    line: &str,
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
    agreement: &Agreement,
) -> Result<Claim, String> {
    let words: Vec<_> = line.split(' ').collect();
    let [order_id, product_id, quantity, enqueued_at] = words[..] else {
        return Err(format!(
            "`{line}` is not an order, a product, a quantity and a time"
        ));
    };
    let wanted = FetchCards {
        order_id: order_id
            .parse()
            .map_err(|_| unusable("order_id", order_id))?,
        product_id: product_id
            .parse()
            .map_err(|_| unusable("product_id", product_id))?,
        quantity: quantity
            .parse()
            .map_err(|_| unusable("quantity", quantity))?,
    };
    Ok(Claim {
        record: Record {
            arrives_until: Some(now.plus(times.resubmit_after)),
            other_account: agreement.other_account_of(None),
            ..claim_new(&Record::admitted(wanted, now), now)
        },
        epoch: Arc::clone(&epoch.id),
        reply_to: None,
        meta: None,
        traceparent: None,
        history: History::default(),
        at: now,
        enqueued_at: enqueued_at.parse().ok().map(Millis),
        note: None,
        held: None,
    })
}

fn unusable(name: &str, value: &str) -> String {
    format!("`{name}` is `{value}`")
}

fn read_claim(
    fields: &FieldReader<'_>,
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
    agreement: &Agreement,
) -> Result<Claim, String> {
    let record = read_record(fields, now)?;
    let (state, code) = (record.state, record.code);
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
        history: History::of(fields, state, code),
        at: now,
        enqueued_at: time(fields, "enqueued_at")?,
        note: None,
        held: fields.parse("held")?,
    })
}

/// Returns `true` if a claimed order had an earlier claim that was never settled.
fn is_takeover(fields: &FieldReader<'_>) -> bool {
    let number = |name| fields.text(name).and_then(|text| text.parse::<u64>().ok());
    let former = number("claim").map_or(0, |claim| claim.saturating_sub(1));
    former > 0 && number("settled") != Some(former)
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

fn read_replay(words: Vec<String>) -> Option<Replay> {
    let [order_id, traceparent, published, entry_id] = words.try_into().ok()?;
    let given = |text: String| (!text.is_empty()).then_some(text);
    Some(Replay {
        order_id,
        traceparent: given(traceparent),
        published: given(published),
        entry_id,
    })
}

fn read_hold((scope, until): &(String, String)) -> Option<(BalanceScope, Millis)> {
    Some((scope.parse().ok()?, Millis(until.parse().ok()?)))
}
