use hp_order::{ClaimConditions, ClaimRule, Millis, State, Step, claim_rule};

use super::{Ledger, claim::Claim};
use crate::{agreement::Account, error::QueueError, rules::millis, script::script};

script! {
    Restore<'a> = "restore.lua";
    queue: schedule, open, states, epoch;
    order: record: &'a str;
    arguments: order_id: &'a str, accepted_at: u64, submitted_at: u64, resubmit_after: u64;
}

/// A restored order is claimed like an order that Redis may have forgotten.
const RULE: ClaimRule = claim_rule(
    State::Queued,
    ClaimConditions {
        is_older_epoch: true,
        is_named: false,
        has_claimant_vanished: false,
    },
);

impl Ledger {
    /// Restores an order that Redis has forgotten. Returns `false` if it is there again.
    pub(super) async fn restore(&self, claim: &Claim, step: &Step) -> Result<bool, QueueError> {
        let keys = &self.handle.keys;
        let mut call = Restore {
            record: &keys.order(claim.id()),
            order_id: claim.id().as_str(),
            accepted_at: claim.record.accepted_at.0,
            submitted_at: claim.record.submitted_at.map_or(0, |at| at.0),
            resubmit_after: millis(self.rules().policy.resubmit_after),
        }
        .call(keys);
        for (name, value) in restored_fields(claim, step, self.agreement.account()) {
            call.arg(name).arg(value);
        }
        call.run(&mut self.handle.connection.clone()).await
    }
}

/// Returns the fields of a restored order, without those that the script adds. Only the history tells what the step was.
fn restored_fields(claim: &Claim, step: &Step, account: &Account) -> Vec<(&'static str, Vec<u8>)> {
    let record = &claim.record;
    let in_doubt = Step {
        state: RULE.state,
        cause: RULE.cause,
        ..step.clone()
    };
    let history = claim
        .history
        .after(record, claim.at, &in_doubt, claim.note.as_deref());
    let number = |number: u64| Some(number.to_string());
    let time = |time: Option<Millis>| time.map(|at| at.0.to_string());
    let texts = [
        ("state", Some(RULE.state.to_string())),
        ("cause", RULE.cause.map(|cause| cause.as_str().to_owned())),
        ("product_id", Some(record.wanted.product_id.to_string())),
        ("quantity", Some(record.wanted.quantity.to_string())),
        ("claim", number(record.claim)),
        ("settled", number(record.claim)),
        ("attempts", number((step.attempts + RULE.attempts).into())),
        ("checks", number(record.checks.into())),
        ("crashes", number(record.crashes.into())),
        ("renewed_at", time(record.renewed_at)),
        ("first_submitted_at", time(record.first_submitted_at)),
        ("submitted_at", time(record.submitted_at)),
        ("deadline", time(record.deadline)),
        ("code", step.code.map(|code| code.to_string())),
        ("message", step.message.clone()),
        (
            "account",
            Some(account.to_string()).filter(|account| !account.is_empty()),
        ),
        ("reply_to", claim.reply_to.clone()),
        ("traceparent", claim.traceparent.clone()),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?.into_bytes())));
    let meta = claim.meta.clone().map(|meta| ("meta", meta));
    texts
        .chain(meta)
        .chain([("history", history.into_bytes())])
        .collect()
}
