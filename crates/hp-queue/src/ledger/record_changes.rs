use hp_api::{Card, CardStatus, Currency, CurrencyText, Order};
use hp_order::{FailReason, Millis, Next, Record, Rejection, State, Step, TerminalOutcome};
use serde::Serialize;
use zeroize::Zeroizing;

use super::claim::Claim;
use crate::fields::Fields;

/// Returns the ledger fields that a step changes. An empty value removes the field.
pub(super) fn record_fields(record: &Record, step: &Step) -> Fields {
    let in_doubt = matches!(step.state, State::Uncertain | State::Review);
    let cause = step.cause.map_or("", |cause| cause.as_str());
    let changes = [
        (
            step.state != record.state,
            "state",
            step.state.as_str().into(),
        ),
        (
            step.attempts != record.attempts,
            "attempts",
            step.attempts.to_string(),
        ),
        (
            step.checks != record.checks,
            "checks",
            step.checks.to_string(),
        ),
        (
            step.crashes != record.crashes,
            "crashes",
            step.crashes.to_string(),
        ),
        (
            step.renewed_at != record.renewed_at,
            "renewed_at",
            text(step.renewed_at.map(|at| at.0)),
        ),
        (
            record.not_found_valid_from.is_some() && !in_doubt,
            "restarted_at",
            String::new(),
        ),
        (step.cause != record.cause, "cause", cause.into()),
        (step.code != record.code, "code", text(step.code)),
        (
            step.message != record.message,
            "message",
            step.message.clone().unwrap_or_default(),
        ),
        (
            step.attempts == 0 && record.first_submitted_at.is_some(),
            "first_submitted_at",
            String::new(),
        ),
        (
            step.attempts == 0 && record.submitted_at.is_some(),
            "submitted_at",
            String::new(),
        ),
        (
            step.attempts == 0 && record.arrives_until.is_some(),
            "arrives_within",
            String::new(),
        ),
    ];
    let mut fields: Fields = changes
        .into_iter()
        .filter(|(is_changed, ..)| *is_changed)
        .map(|(_, name, value)| (name, value))
        .collect();
    if let Next::End(outcome) = &step.next {
        fields.extend(ended_fields(record, outcome));
    }
    fields
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// What the record keeps of an outcome: the charge or the reason.
fn ended_fields(record: &Record, outcome: &TerminalOutcome) -> Fields {
    let mut fields = Fields::new();
    if let TerminalOutcome::Completed { order, .. } = outcome
        && !record.state.has_ended()
    {
        fields.push(("hp_order_id", order.hp_order_id.to_string()));
        let currency = order.currency.as_ref();
        fields.extend(currency.map(|text| ("currency", text.to_string())));
        fields.push(("total_price", order.total_price.to_string()));
        fields.push(("pin_count", order.cards.len().to_string()));
    }
    if let Some(reason) = outcome.reason() {
        fields.push(("reason", reason.into()));
        fields.push(("source", outcome.source().as_str().into()));
    }
    fields
}

/// Returns the fields of a result, without the cards and without the fields that the script adds.
pub(super) fn result_fields(claim: &Claim, step: &Step, outcome: &TerminalOutcome) -> Fields {
    let record = &claim.record;
    let Millis(accepted_at) = record.accepted_at;
    let mut fields = Fields::with_capacity(20);
    let mut add = |name, value: String| fields.push((name, value));
    add("order_id", record.wanted.order_id.to_string());
    add("product_id", record.wanted.product_id.to_string());
    add("quantity", record.wanted.quantity.to_string());
    add("status", outcome.status().as_str().into());
    if let Some(reason) = outcome.reason() {
        add("reason", reason.into());
    }
    if let Some(detail) = detail(record, step, outcome) {
        add("detail", detail);
    }
    if let Some(code) = step.code {
        add("code", code.to_string());
        if let Some(message) = &step.message {
            add("message", message.clone());
        }
    }
    add("source", outcome.source().as_str().into());
    add("attempts", step.attempts.to_string());
    add("accepted_at", accepted_at.to_string());
    if let TerminalOutcome::Completed { order, .. } = outcome {
        add("hp_order_id", order.hp_order_id.to_string());
        if let Some(currency) = &order.currency {
            add("currency", currency.to_string());
        }
        add("unit_price", order.unit_price.to_string());
        add("total_price", order.total_price.to_string());
        add("pin_count", order.cards.len().to_string());
        add("pins_encoding", "json".into());
    }
    fields
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

/// Writes the cards as the JSON of the queue protocol. A field that HitPoints did not give is null. Nothing else writes out card keys.
pub(super) fn pins(order: &Order) -> Zeroizing<String> {
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
