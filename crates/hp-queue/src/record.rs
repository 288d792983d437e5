use std::time::Duration;

use hp_api::FetchCards;
use hp_order::{ClaimFacts, FailReason, Millis, Record, Rejection, Source, State, claim};

use crate::fields::FieldReader;

/// Reads a ledger record, without [`Record::not_found_valid_from`], [`Record::arrives_until`] and [`Record::other_account`],
/// which depend on the epoch and on the reader. The error names the field at fault.
///
/// A record without `state` is a new order that was claimed at `now`, under no special condition.
pub(crate) fn read_record(fields: &FieldReader<'_>, now: Millis) -> Result<Record, String> {
    let wanted = FetchCards {
        order_id: fields.need("order_id")?,
        product_id: fields.need("product_id")?,
        quantity: fields.need("quantity")?,
    };
    let deadline = time(fields, "deadline")?;
    let Some(state) = fields.parse("state")? else {
        let admitted = Record {
            deadline,
            ..Record::admitted(wanted, now)
        };
        return Ok(claim_new(&admitted, now));
    };
    let submitted_at = time(fields, "submitted_at")?;
    Ok(Record {
        wanted,
        state,
        claim: fields.parse("claim")?.unwrap_or(1),
        attempts: fields.parse("attempts")?.unwrap_or(1),
        checks: fields.parse("checks")?.unwrap_or(0),
        crashes: fields.parse("crashes")?.unwrap_or(0),
        accepted_at: Millis(fields.need("accepted_at")?),
        // The scripts leave it out as long as it is the same as `submitted_at`.
        first_submitted_at: time(fields, "first_submitted_at")?.or(submitted_at),
        submitted_at,
        renewed_at: time(fields, "renewed_at")?,
        arrives_until: None,
        not_found_valid_from: None,
        due_at: time(fields, "due_at")?,
        deadline,
        cause: fields.parse("cause")?,
        code: fields.parse("code")?,
        message: fields.parse("message")?,
        other_account: None,
        failed: failed(fields, state)?,
        rejected: rejected(fields, state)?,
        hp_order_id: fields.parse("hp_order_id")?,
    })
}

/// Returns a new order as it is after a claim under no special condition.
pub(crate) fn claim_new(admitted: &Record, now: Millis) -> Record {
    claim(admitted, &plain_claim(now))
}

/// Reads a time, Unix milliseconds.
pub(crate) fn time(fields: &FieldReader<'_>, name: &str) -> Result<Option<Millis>, String> {
    Ok(fields.parse(name)?.map(Millis))
}

/// The facts of a claim in which no condition holds.
const fn plain_claim(now: Millis) -> ClaimFacts {
    ClaimFacts {
        now,
        is_older_epoch: false,
        is_named: false,
        has_claimant_vanished: false,
        resubmit_after: Duration::ZERO,
        not_found_valid_from: None,
    }
}

fn failed(fields: &FieldReader<'_>, state: State) -> Result<Option<(FailReason, Source)>, String> {
    if state != State::Failed {
        return Ok(None);
    }
    Ok(Some((fields.need("reason")?, fields.need("source")?)))
}

fn rejected(fields: &FieldReader<'_>, state: State) -> Result<Option<Rejection>, String> {
    if state != State::Rejected {
        return Ok(None);
    }
    fields.parse("reason")
}
