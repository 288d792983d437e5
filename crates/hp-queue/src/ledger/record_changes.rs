use crypto_box::aead::OsRng;
use hp_api::{Card, CardStatus, Currency, CurrencyText, Order};
use hp_order::{Cause, FailReason, Millis, Next, Record, Rejection, State, Step, TerminalOutcome};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{claim::Claim, packed::PackedFields};
use crate::{fields::Fields, seal::Recipients};

/// What a step changes in a record.
#[derive(Default)]
pub(super) struct RecordChanges {
    pub(super) set: Fields,
    pub(super) removed: Vec<&'static str>,
}

impl RecordChanges {
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.set.push((name, value.into()));
    }

    fn set_or_remove(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        match value {
            Some(value) => self.set(name, value),
            None => self.removed.push(name),
        }
    }
}

/// Returns what a step changes in a record, without the fields that the script adds.
pub(super) fn record_changes(record: &Record, step: &Step) -> RecordChanges {
    let mut changes = RecordChanges::default();
    if step.state != record.state {
        changes.set("state", step.state.as_str());
    }
    if step.attempts != record.attempts {
        changes.set("attempts", step.attempts.to_string());
    }
    if step.checks != record.checks {
        changes.set("checks", step.checks.to_string());
    }
    if step.crashes != record.crashes {
        changes.set("crashes", step.crashes.to_string());
    }
    if step.renewed_at != record.renewed_at {
        changes.set_or_remove("renewed_at", step.renewed_at.map(|at| at.0.to_string()));
    }
    if step.cause != record.cause {
        changes.set_or_remove("cause", step.cause.map(Cause::as_str));
    }
    if step.code != record.code {
        changes.set_or_remove("code", step.code.map(|code| code.to_string()));
    }
    if step.message != record.message {
        changes.set_or_remove(
            "message",
            step.message.as_ref().filter(|text| !text.is_empty()),
        );
    }
    let outdated = outdated_fields(record, step).into_iter();
    changes
        .removed
        .extend(outdated.filter_map(|(is_outdated, name)| is_outdated.then_some(name)));
    if let Next::End(outcome) = &step.next {
        add_ended_fields(&mut changes, record, outcome);
    }
    changes
}

/// The fields that say nothing any more, if the condition holds.
fn outdated_fields(record: &Record, step: &Step) -> [(bool, &'static str); 4] {
    let in_doubt = matches!(step.state, State::Uncertain | State::Review);
    let starts_over = step.attempts == 0;
    [
        (
            record.not_found_valid_from.is_some() && !in_doubt,
            "restarted_at",
        ),
        (
            starts_over && record.first_submitted_at.is_some(),
            "first_submitted_at",
        ),
        (starts_over && record.submitted_at.is_some(), "submitted_at"),
        (
            starts_over && record.arrives_until.is_some(),
            "arrives_within",
        ),
    ]
}

/// What the record keeps of an outcome: the charge or the reason.
fn add_ended_fields(changes: &mut RecordChanges, record: &Record, outcome: &TerminalOutcome) {
    if let TerminalOutcome::Completed { order, .. } = outcome
        && !record.state.has_ended()
    {
        changes.set("hp_order_id", order.hp_order_id.to_string());
        let currency = order.currency.as_ref().map(ToString::to_string);
        if let Some(currency) = currency.filter(|text| !text.is_empty()) {
            changes.set("currency", currency);
        }
        changes.set("total_price", order.total_price.to_string());
        changes.set("pin_count", order.cards.len().to_string());
    }
    if let Some(reason) = outcome.reason() {
        changes.set("reason", reason);
        changes.set("source", outcome.source().as_str());
    }
}

/// Adds the fields of a result, without the fields that the script adds.
pub(super) fn add_result_fields(
    fields: &mut PackedFields<'_>,
    claim: &Claim,
    step: &Step,
    outcome: &TerminalOutcome,
    pins: Option<&Pins>,
) {
    let record = &claim.record;
    let Millis(accepted_at) = record.accepted_at;
    fields.text("order_id", record.wanted.order_id.as_str());
    fields.display("product_id", record.wanted.product_id);
    fields.display("quantity", record.wanted.quantity);
    fields.text("status", outcome.status().as_str());
    if let Some(reason) = outcome.reason() {
        fields.text("reason", reason);
    }
    if let Some(detail) = detail(record, step, outcome) {
        fields.text("detail", detail);
    }
    if let Some(code) = step.code {
        fields.display("code", code);
        if let Some(message) = &step.message {
            fields.text("message", message);
        }
    }
    fields.text("source", outcome.source().as_str());
    fields.display("attempts", step.attempts);
    fields.display("accepted_at", accepted_at);
    if let TerminalOutcome::Completed { order, .. } = outcome {
        fields.display("hp_order_id", order.hp_order_id);
        if let Some(currency) = &order.currency {
            fields.display("currency", currency);
        }
        fields.display("unit_price", order.unit_price);
        fields.display("total_price", order.total_price);
        fields.display("pin_count", order.cards.len());
    }
    if let Some(pins) = pins {
        fields.text("pins_encoding", pins.encoding);
        fields.text("pins", pins.text.as_str());
    }
}

/// What is wrong, in words. For an order that an operator closed: what HitPoints' record shows.
fn detail(record: &Record, step: &Step, outcome: &TerminalOutcome) -> Option<String> {
    match outcome {
        TerminalOutcome::Rejected(rejection) => Some(rejection_detail(record, *rejection)),
        TerminalOutcome::Failed {
            reason: FailReason::Closed,
            ..
        } => step.message.clone(),
        _ => None,
    }
}

fn rejection_detail(record: &Record, rejection: Rejection) -> String {
    let (product, quantity) = (record.wanted.product_id, record.wanted.quantity);
    match rejection {
        Rejection::UnknownProduct => format!("HitPoints' product list has no product {product}"),
        Rejection::QuantityOverLimit => {
            format!("HitPoints sells fewer than {quantity} cards of product {product} in one order")
        }
    }
}

#[derive(Serialize)]
struct CardRow<'a> {
    pin_sn: &'a str,
    pin_key: &'a str,
    amount: Option<String>,
    currency: Option<&'a str>,
    status: Option<&'a str>,
    create_time: Option<i64>,
    expire_time: Option<i64>,
}

/// The cards of a result as they are published.
pub(super) struct Pins {
    encoding: &'static str,
    text: Zeroizing<String>,
}

impl Pins {
    /// Seals the cards to these keys. Without keys they are published in clear text.
    pub(super) fn new(order: &Order, seal_to: &Recipients) -> Self {
        let (encoding, clear) = (seal_to.encoding(), clear_pins(order));
        let text = if seal_to.is_empty() {
            clear
        } else {
            Zeroizing::new(seal_to.seal(clear.as_bytes(), &mut OsRng))
        };
        Self { encoding, text }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

/// Writes the cards as the JSON of the queue protocol. A field that HitPoints did not give is null. Nothing else writes out card keys.
fn clear_pins(order: &Order) -> Zeroizing<String> {
    let cards: Vec<_> = order
        .cards
        .iter()
        .map(|card| CardRow {
            pin_sn: card.pin_sn.as_str(),
            pin_key: card.pin_key.expose(),
            amount: card.amount.map(|amount| amount.to_string()),
            currency: card_currency(card, order),
            status: card.status.as_ref().map(CardStatus::as_str),
            create_time: card.create_time,
            expire_time: card.expire_time,
        })
        .collect();
    Zeroizing::new(serde_json::to_string(&cards).expect("text and numbers are always JSON"))
}

/// Returns the currency of the card, or that of the order if the card has none.
fn card_currency<'a>(card: &'a Card, order: &'a Order) -> Option<&'a str> {
    let own = card.currency.as_ref().map(Currency::as_str);
    own.or_else(|| order.currency.as_ref().map(CurrencyText::as_str))
}
