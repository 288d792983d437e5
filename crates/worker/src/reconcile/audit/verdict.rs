use hp_api::Order;
use hp_order::{FailReason, Millis, Policy, QueryVerdict, Record, State};
use hp_queue::{Charge, OrderSnapshot};

use crate::terminal::format::known;

/// How the ledger's record of an ended order compares with HitPoints' record.
pub(super) enum AuditVerdict {
    /// They agree. Contains HitPoints' record if the order was charged.
    Agreed(Option<Box<Order>>),
    /// They disagree: a description of the difference, and HitPoints' record if the order was charged.
    Disagreed(String, Option<Box<Order>>),
    /// HitPoints gave no definite answer.
    Unanswered,
}

/// Judges the answer that HitPoints gave at `answered_at`, by Redis' clock.
pub(super) fn judge(
    snapshot: &OrderSnapshot,
    verdict: QueryVerdict,
    policy: &Policy,
    answered_at: Millis,
) -> AuditVerdict {
    let record = &snapshot.record;
    let state = record.state;
    let disagreed = |difference: String| AuditVerdict::Disagreed(difference, None);
    match (state, verdict) {
        (
            _,
            QueryVerdict::Unknown(_)
            | QueryVerdict::AccountRefused(_)
            | QueryVerdict::OrderRefused(_),
        ) => AuditVerdict::Unanswered,
        (State::Completed, QueryVerdict::Found(order))
            if record
                .hp_order_id
                .is_some_and(|first| first != order.hp_order_id) =>
        {
            let recorded = order.hp_order_id;
            let first = record.hp_order_id.unwrap_or_default();
            disagreed(format!(
                "the result is of HitPoints' order {first}, but its record is of order {recorded}"
            ))
        }
        (State::Failed, QueryVerdict::Mismatch(_)) if is_closed(record) => {
            AuditVerdict::Agreed(None)
        }
        (State::Failed, QueryVerdict::Found(order))
            if is_closed(record)
                && record.foreign_record(&order, policy, answered_at).is_some() =>
        {
            AuditVerdict::Agreed(None)
        }
        (State::Completed, QueryVerdict::Found(order)) => match snapshot.charge.as_ref() {
            Some(published) => compare(published, order),
            None => AuditVerdict::Agreed(Some(order)),
        },
        (State::Completed, QueryVerdict::Mismatch(mismatch)) => disagreed(format!(
            "completed, but HitPoints' record differs: {mismatch}"
        )),
        (State::Completed, QueryVerdict::NotFound) => {
            disagreed("completed, but HitPoints has no record of it".into())
        }
        (_, QueryVerdict::NotFound) => AuditVerdict::Agreed(None),
        (_, QueryVerdict::Found(order)) => {
            if let Some(foreign) = record.foreign_record(&order, policy, answered_at) {
                return disagreed(format!("{state}. {foreign}"));
            }
            let (currency, price) = (known(order.currency.as_ref()), order.total_price);
            let difference = format!("{state}, but HitPoints has charged {currency} {price}");
            AuditVerdict::Disagreed(difference, Some(order))
        }
        (_, QueryVerdict::Mismatch(mismatch)) => disagreed(format!(
            "{state}, but HitPoints has a record of this id: {mismatch}"
        )),
    }
}

/// An operator closed the order because HitPoints' record does not fit it.
fn is_closed(record: &Record) -> bool {
    matches!(record.failed, Some((FailReason::Closed, _)))
}

/// Compares the first result with HitPoints' record.
fn compare(published: &Charge, order: Box<Order>) -> AuditVerdict {
    let mut recorded = Charge {
        total_price: order.total_price.to_string(),
        currency: order.currency.as_ref().map(ToString::to_string),
        pin_count: order.cards.len().to_string(),
    };
    // An answer without the currency contradicts nothing.
    if published.currency.is_none() || recorded.currency.is_none() {
        recorded.currency.clone_from(&published.currency);
    }
    if *published == recorded {
        return AuditVerdict::Agreed(Some(order));
    }
    let difference = format!(
        "the result says {} cards for {} {}, HitPoints' record says {} for {} {}",
        published.pin_count,
        known(published.currency.as_ref()),
        published.total_price,
        recorded.pin_count,
        known(recorded.currency.as_ref()),
        recorded.total_price
    );
    AuditVerdict::Disagreed(difference, Some(order))
}
