use hp_order::{DEADLINE_PASSED, FailReason, Rejection, Source, Status};
use hp_queue::{DeadLetterReason, EntryReason};

use super::part::{Meaning, NOTHING, Part, means};

const NEW_ID: &str = "To try again, send the order with a new id.";

/// Statuses, reasons and sources of results, and the reasons of dead letters.
pub(super) fn parts() -> [Part; 4] {
    let fail = FailReason::ALL.map(|reason| (reason.as_str(), failure(reason)));
    let rejected = Rejection::ALL.map(|reason| (reason.as_str(), rejection(reason)));
    let entry = EntryReason::ALL.map(|reason| (reason.as_str(), entry(reason)));
    let expired = (
        DEADLINE_PASSED,
        means("The deadline passed before the order was charged.", NEW_ID),
    );
    let reasons = fail
        .into_iter()
        .chain(rejected)
        .chain([expired])
        .chain(entry);
    [
        Part::new(
            "result",
            "Statuses of a result",
            "Field `status` of a result.",
            Status::ALL.map(|status| (status.as_str(), status_meaning(status))),
        ),
        Part::new(
            "reason",
            "Reasons of a result",
            "Field `reason` of a result and of an ended order.",
            reasons,
        ),
        Part::new(
            "source",
            "Sources of a result",
            "Field `source` of a result: the call that proved the outcome.",
            Source::ALL.map(|source| (source.as_str(), source_meaning(source))),
        ),
        Part::new(
            "dead_letter",
            "Reasons of a dead letter",
            "Field `reason` of an entry of `{hp}:rejected`.",
            DeadLetterReason::ALL.map(|reason| (reason.as_str(), dead_letter(reason))),
        ),
    ]
}

const fn status_meaning(status: Status) -> Meaning {
    match status {
        Status::Completed => means(
            "Charged once. The cards are in the result.",
            "Store the cards.",
        ),
        Status::Failed => means("The order ended without cards: see `reason`.", NEW_ID),
        Status::Rejected => means(
            "The order, or the entry, was never sent: see `reason`.",
            "Correct what `detail` names.",
        ),
        Status::Expired => means("The order was not charged by its deadline.", NEW_ID),
        Status::Conflict => means(
            "An entry has the id of an order that it does not repeat. It says nothing about that order.",
            "Log it. Never store it as the status of the order.",
        ),
    }
}

const fn failure(reason: FailReason) -> Meaning {
    match reason {
        FailReason::Refused => means(
            "HitPoints refused for good, and has no record: see `code` and `message`.",
            "Correct what HitPoints refused, and send the order with a new id.",
        ),
        FailReason::GaveUp => means(
            "Older than `retry.give_up_after`, and certainly not charged.",
            NEW_ID,
        ),
        FailReason::Closed => means(
            "An operator closed it although HitPoints has a record. `detail` says what the record shows.",
            "Ask the operator whether it was charged, before you send it with a new id.",
        ),
        FailReason::Resolved => means(
            "An operator closed it, and HitPoints has no record.",
            NEW_ID,
        ),
    }
}

const fn rejection(reason: Rejection) -> Meaning {
    match reason {
        Rejection::UnknownProduct => means(
            "The product list of HitPoints does not contain the product.",
            "Run `worker products`, and send the order with a new id.",
        ),
        Rejection::QuantityOverLimit => means(
            "More cards than HitPoints sells of this product in one order.",
            "Split the order. `worker products` shows the limit.",
        ),
    }
}

const fn entry(reason: EntryReason) -> Meaning {
    match reason {
        EntryReason::InvalidJob => means(
            "A field of the entry has a fault, so it made no order. `detail` names the field.",
            "Correct the field, and send the same id again.",
        ),
        EntryReason::OrderIdConflict => means(
            "Another order has used this id, with another product, quantity or stream.",
            "Send the order with an id of its own.",
        ),
        EntryReason::InvalidRepetition => means(
            "The entry repeats an order, and one of its fields has a fault, or the result cannot be published again.",
            "Read `detail`. The order itself has its own result.",
        ),
    }
}

const fn source_meaning(source: Source) -> Meaning {
    match source {
        Source::Fetch => means("HitPoints' answer to the submission.", NOTHING),
        Source::Query => means("A query, because the outcome was unknown.", NOTHING),
        Source::Reconcile => means("A query of a reconciliation run or an operator.", NOTHING),
        Source::Worker => means("No call was needed.", NOTHING),
    }
}

const fn dead_letter(reason: DeadLetterReason) -> Meaning {
    match reason {
        DeadLetterReason::InvalidOrderId => means(
            "The entry has no usable order id, or two of them.",
            "Correct the producer. `worker rejected requeue ENTRY --set order_id=ID` enqueues the entry.",
        ),
        DeadLetterReason::TooManyFields => means(
            "The entry has no usable order id and more than 3000 fields. `cut_from` is the size of the entry.",
            "Correct the producer, then discard the entry.",
        ),
        DeadLetterReason::TooLarge => means(
            "The entry has no usable order id and is too large for a dead letter, which keeps its first 32 KiB and 4 KiB of each name and value. `cut_from` is the size of the entry.",
            "Correct the producer, then discard the entry.",
        ),
        DeadLetterReason::Unusable => means(
            "A script failed on the entry. The explanation follows.",
            "Correct what it names, then requeue or discard the entry.",
        ),
    }
}
