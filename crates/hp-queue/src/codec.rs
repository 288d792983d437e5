//! Ledger records and result entries as Redis has them: flat lists of names and values.

use std::str::FromStr;

use hp_api::{FetchCards, Order};
use hp_order::{
    Cause, FailReason, Millis, Next, Record, Rejection, Source, State, Step, TerminalOutcome,
};
use redis::Value;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Claim;

/// A list of names and values on its way to Redis.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// The fields of a ledger record as a script answered them.
pub(crate) struct Answered<'a>(&'a [Value]);

impl<'a> Answered<'a> {
    pub(crate) fn new(value: &'a Value) -> Self {
        Self(if let Value::Array(fields) = value {
            fields
        } else {
            &[]
        })
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.0.chunks_exact(2).find_map(|pair| match pair {
            [Value::BulkString(key), Value::BulkString(value)] if key == name.as_bytes() => {
                Some(value.as_slice())
            }
            _ => None,
        })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.bytes(name)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| format!("`{name}` is `{text}`")),
        }
    }

    fn need<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.parse(name)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Millis>, String> {
        Ok(self.parse(name)?.map(Millis))
    }

    /// Reads a whole record; what it leaves out is as `take` makes a new order at `now`. The error names the
    /// field at fault.
    pub(crate) fn record(&self, now: Millis) -> Result<Record, String> {
        let state = self.parse("state")?;
        let (accepted_at, submitted_at) = match state {
            None => (now, Some(now)),
            Some(_) => (
                Millis(self.need("accepted_at")?),
                self.time("submitted_at")?,
            ),
        };
        let state = state.unwrap_or(State::Submitting);
        Ok(Record {
            wanted: FetchCards {
                order_id: self.need("order_id")?,
                product_id: self.need("product_id")?,
                quantity: self.need("quantity")?,
            },
            state,
            claim: self.parse("claim")?.unwrap_or(1),
            attempts: self.parse("attempts")?.unwrap_or(1),
            checks: self.parse("checks")?.unwrap_or(0),
            crashes: self.parse("crashes")?.unwrap_or(0),
            accepted_at,
            submitted_at,
            renewed_at: self.time("renewed_at")?,
            not_found_valid_from: self.time("not_found_valid_from")?,
            due_at: self.time("due_at")?,
            deadline: self.time("deadline")?,
            cause: self.parse("cause")?,
            code: self.parse("code")?,
            message: self.parse("message")?,
            failed: self.failed(state)?,
            rejected: if state == State::Rejected {
                self.parse::<Rejection>("reason")?
            } else {
                None
            },
        })
    }

    fn failed(&self, state: State) -> Result<Option<(FailReason, Source)>, String> {
        if state != State::Failed {
            return Ok(None);
        }
        Ok(Some((self.need("reason")?, self.need("source")?)))
    }
}

/// The ledger fields that a step changes; an empty value removes the field.
pub(crate) fn record_fields(record: &Record, step: &Step) -> Fields {
    let mut fields = Vec::with_capacity(8);
    let mut set = |changed: bool, name, value: String| {
        if changed {
            fields.push((name, value));
        }
    };
    set(
        step.state != record.state,
        "state",
        step.state.as_str().into(),
    );
    set(
        step.attempts != record.attempts,
        "attempts",
        step.attempts.to_string(),
    );
    set(
        step.checks != record.checks,
        "checks",
        step.checks.to_string(),
    );
    set(
        step.crashes != record.crashes,
        "crashes",
        step.crashes.to_string(),
    );
    set(
        step.renewed_at != record.renewed_at,
        "renewed_at",
        step.renewed_at
            .map_or_else(String::new, |at| at.0.to_string()),
    );
    set(
        record.not_found_valid_from.is_some()
            && !matches!(step.state, State::Uncertain | State::Review),
        "restarted_at",
        String::new(),
    );
    let cause = step.cause.map_or("", |cause| cause.as_str());
    set(step.cause != record.cause, "cause", cause.into());
    set(
        step.code != record.code,
        "code",
        step.code.map_or_else(String::new, |code| code.to_string()),
    );
    set(
        step.message != record.message,
        "message",
        step.message.clone().unwrap_or_default(),
    );
    set(
        step.attempts == 0 && record.submitted_at.is_some(),
        "submitted_at",
        String::new(),
    );
    if let Next::End(TerminalOutcome::Completed { order, .. }) = &step.next
        && !record.state.has_ended()
    {
        set(true, "currency", order.currency.to_string());
        set(true, "total_price", order.total_price.to_string());
        set(true, "pin_count", order.cards.len().to_string());
    }
    if let Next::End(ending) = &step.next
        && let Some(reason) = ending.reason()
    {
        set(true, "reason", reason.into());
        set(true, "source", ending.source().as_str().into());
    }
    fields
}

/// The fields of an order that is put back as in doubt, less those that the script adds; what it was to become is in
/// its story's code only.
pub(crate) fn restored_fields(claimed: &Claim, step: &Step) -> Vec<(&'static str, Vec<u8>)> {
    let record = &claimed.record;
    let in_doubt = Step {
        state: State::Uncertain,
        cause: Some(Cause::RedisRestarted),
        ..step.clone()
    };
    let story = claimed
        .story
        .after(record, claimed.at, &in_doubt, claimed.note.as_deref());
    let number = |number: u64| Some(number.to_string());
    let time = |time: Option<Millis>| time.map(|at| at.0.to_string());
    let texts = [
        ("product_id", Some(record.wanted.product_id.to_string())),
        ("quantity", Some(record.wanted.quantity.to_string())),
        ("claim", number(record.claim)),
        ("settled", number(record.claim)),
        // As a claim of an order in doubt has it: one more than are known, for the one that may have been forgotten.
        ("attempts", number(u64::from(step.attempts) + 1)),
        ("checks", number(record.checks.into())),
        ("crashes", number(record.crashes.into())),
        ("renewed_at", time(record.renewed_at)),
        ("submitted_at", time(record.submitted_at)),
        ("deadline", time(record.deadline)),
        ("code", step.code.map(|code| code.to_string())),
        ("message", step.message.clone()),
        ("reply_to", claimed.reply_to.clone()),
        ("traceparent", claimed.traceparent.clone()),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?.into_bytes())));
    let meta = claimed.meta.clone().map(|meta| ("meta", meta));
    texts
        .chain(meta)
        .chain([("story", story.into_bytes())])
        .collect()
}

/// The fields of a result, less the cards and those that the settling script adds.
pub(crate) fn result_fields(claimed: &Claim, step: &Step, ending: &TerminalOutcome) -> Fields {
    let record = &claimed.record;
    let mut fields = Fields::with_capacity(20);
    let mut add = |name, value: String| fields.push((name, value));
    add("order_id", record.wanted.order_id.to_string());
    add("product_id", record.wanted.product_id.to_string());
    add("quantity", record.wanted.quantity.to_string());
    add("status", ending.status().as_str().into());
    if let Some(reason) = ending.reason() {
        add("reason", reason.into());
    }
    if let Some(code) = step.code {
        add("code", code.to_string());
        if let Some(message) = &step.message {
            add("message", message.clone());
        }
    }
    add("source", ending.source().as_str().into());
    add("attempts", step.attempts.to_string());
    add("accepted_at", record.accepted_at.0.to_string());
    if let TerminalOutcome::Completed { order, .. } = ending {
        add("hp_order_id", order.hp_order_id.to_string());
        add("currency", order.currency.to_string());
        add("unit_price", order.unit_price.to_string());
        add("total_price", order.total_price.to_string());
        add("pin_count", order.cards.len().to_string());
        add("pins_encoding", "json".into());
    }
    fields
}

#[derive(Serialize)]
struct CardRow<'a> {
    pin_sn: &'a str,
    pin_key: &'a str,
    amount: String,
    currency: &'a str,
    status: &'a str,
    create_time: i64,
    expire_time: i64,
}

/// The cards as the contract's JSON: the one place where card keys are written out.
pub(crate) fn pins(order: &Order) -> Zeroizing<String> {
    let cards: Vec<_> = order
        .cards
        .iter()
        .map(|card| CardRow {
            pin_sn: card.pin_sn.as_str(),
            pin_key: card.pin_key.expose(),
            amount: card.amount.to_string(),
            currency: card.currency.as_str(),
            status: card.status.as_str(),
            create_time: card.create_time,
            expire_time: card.expire_time,
        })
        .collect();
    Zeroizing::new(serde_json::to_string(&cards).expect("text and numbers are always JSON"))
}
