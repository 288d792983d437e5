use std::collections::{BTreeMap, BTreeSet};

use hp_api::Order;
use hp_order::{Millis, Next, State, Step, TerminalOutcome, VendorSignal};
use hp_queue::Repair;
use rust_decimal::Decimal;
use serde::Serialize;

/// What a reconciliation run saw and did. Each order that was looked at is in exactly one of the figures from `agreed` to
/// `unreadable`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Who made it.
    pub(crate) by: String,
    /// The tick of the schedule, Unix ms; none: made on demand.
    pub(crate) tick: Option<u64>,
    /// Whether it only looked.
    pub(crate) dry_run: bool,
    /// Unix ms, by Redis' clock.
    pub(crate) started_at: u64,
    pub(crate) finished_at: u64,
    pub(crate) looked_at: u64,
    /// Certainly not charged, and HitPoints has no record of it: it goes on in its time.
    pub(crate) agreed: u64,
    /// Certainly not charged, by the ledger alone: HitPoints gave no definite answer. It goes on in its time.
    pub(crate) unanswered: u64,
    /// Charged, which nobody knew: completed.
    pub(crate) found_charged: u64,
    /// Not charged, after all: to be submitted.
    pub(crate) resubmitted: u64,
    /// Not charged, and ended so.
    pub(crate) found_uncharged: u64,
    /// Of an ended order: its result was told once more.
    pub(crate) told_again: u64,
    pub(crate) still_in_doubt: u64,
    /// Only a person can say, those included that were in review before.
    pub(crate) to_review: u64,
    /// Records that cannot be read: only a person can mend them.
    pub(crate) unreadable: u64,
    /// Not looked at: a worker is at it, or has just dealt with it.
    pub(crate) in_hand: u64,
    /// Not looked at: it has ended, and its result is told.
    pub(crate) ended: u64,
    /// Named, but there is no such order.
    pub(crate) unknown: u64,
    /// Errors of the indexes that were mended.
    pub(crate) repaired: u64,
    /// Of what was found charged, by currency, in major units.
    pub(crate) amounts: BTreeMap<String, Decimal>,
    /// What a dry run would make of each order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) preview: Vec<Preview>,
    /// Ids that a person must see to; the first hundred.
    pub(crate) needs_a_person: Vec<String>,
    /// Why the run is not complete.
    pub(crate) incomplete: Option<String>,
    /// What the comparison of ended orders saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audit: Option<super::audit::Audit>,
    #[serde(skip)]
    pub(crate) unreadable_ids: BTreeSet<String>,
}

/// What a run would make of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Preview {
    pub(crate) order_id: String,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) message: Option<String>,
}

/// So many ids are named in a report.
const NAMED: usize = 100;

impl Report {
    pub(crate) fn begin(by: &str, tick: Option<Millis>, now: Millis) -> Self {
        Self {
            by: by.into(),
            tick: tick.map(|tick| tick.0),
            started_at: now.0,
            ..Self::default()
        }
    }

    /// Takes in what became of an order.
    pub(crate) fn add(&mut self, id: &str, before: State, contact: VendorSignal, step: &Step) {
        self.looked_at += 1;
        match &step.next {
            _ if before.has_ended() => match &step.next {
                Next::End(_) => self.told_again += 1,
                _ => self.still_in_doubt += 1,
            },
            Next::End(TerminalOutcome::Completed { order, .. }) => {
                self.found_charged += 1;
                self.add_amount(order);
            }
            Next::End(_) => self.found_uncharged += 1,
            Next::Review => {
                self.to_review += 1;
                self.name(id);
            }
            Next::After(_) if step.state == State::Uncertain => self.still_in_doubt += 1,
            Next::After(_) if step.state == before && contact != VendorSignal::Answered => {
                self.unanswered += 1;
            }
            Next::After(_) if step.state == before => self.agreed += 1,
            Next::After(_) => self.resubmitted += 1,
        }
    }

    fn add_amount(&mut self, order: &Order) {
        let sum = self.amounts.entry(order.currency.to_string()).or_default();
        *sum += order.total_price.amount();
    }

    pub(crate) fn add_repair(&mut self, repair: Repair) {
        self.repaired += 1;
        tracing::warn!(?repair, "an index was wrong, and is mended");
    }

    pub(crate) fn add_unknown(&mut self, id: &str) {
        self.unknown += 1;
        self.name(id);
    }

    /// Once, though it may be met again by an audit.
    pub(crate) fn add_unreadable(&mut self, id: &str, why: &str) {
        if !self.unreadable_ids.insert(id.into()) {
            return;
        }
        self.looked_at += 1;
        self.unreadable += 1;
        self.name(id);
        tracing::warn!(
            order = id,
            why,
            "the record cannot be used: a person has to mend it"
        );
    }

    pub(crate) fn name(&mut self, id: &str) {
        if self.needs_a_person.len() < NAMED {
            self.needs_a_person.push(id.into());
        }
    }

    /// How much is left that only a person can mend.
    pub(crate) fn for_a_person(&self) -> u64 {
        let found = self.audit.as_ref().map_or(0, |audit| audit.disagreed);
        self.to_review + self.unreadable + self.unknown + found
    }

    /// How long it took, in ms.
    pub(crate) fn took(&self) -> u64 {
        self.finished_at.saturating_sub(self.started_at)
    }

    /// As the fields of an entry of the stream of runs: what is not a number or a word is JSON.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let text = |time: u64| time.to_string();
        let json = |value: serde_json::Value| value.to_string();
        let mut fields = vec![
            ("by", self.by.clone()),
            ("tick", self.tick.map_or_else(String::new, text)),
            ("dry_run", self.dry_run.to_string()),
            ("started_at", text(self.started_at)),
            ("finished_at", text(self.finished_at)),
        ];
        fields.extend(self.figures().map(|(name, figure)| (name, text(figure))));
        fields.extend([
            ("for_a_person", text(self.for_a_person())),
            ("amounts", json(serde_json::json!(self.amounts))),
            (
                "needs_a_person",
                json(serde_json::json!(self.needs_a_person)),
            ),
            ("incomplete", self.incomplete.clone().unwrap_or_default()),
        ]);
        if let Some(audit) = &self.audit {
            fields.push(("audit", json(serde_json::json!(audit))));
        }
        fields
    }

    /// As rows of figure, key and value.
    pub(crate) fn rows(&self) -> Vec<[String; 3]> {
        let row = |figure: &str, key: &str, value: String| [figure.into(), key.into(), value];
        let tick = self.tick.map_or_else(String::new, |tick| tick.to_string());
        let mut rows = vec![
            row("by", "", self.by.clone()),
            row("tick", "", tick),
            row("dry_run", "", self.dry_run.to_string()),
            row("started_at", "", self.started_at.to_string()),
            row("finished_at", "", self.finished_at.to_string()),
            row("took_ms", "", self.took().to_string()),
        ];
        let figures = self.figures();
        rows.extend(figures.map(|(name, figure)| row(name, "", figure.to_string())));
        let amounts = self.amounts.iter();
        rows.extend(amounts.map(|(currency, amount)| row("charged", currency, amount.to_string())));
        rows.extend(
            self.needs_a_person
                .iter()
                .map(|id| row("needs_a_person", id, String::new())),
        );
        if let Some(why) = &self.incomplete {
            rows.push(row("incomplete", "", why.clone()));
        }
        if let Some(audit) = &self.audit {
            rows.extend(audit.rows());
        }
        rows
    }

    pub(crate) fn figures(&self) -> [(&'static str, u64); 14] {
        [
            ("looked_at", self.looked_at),
            ("agreed", self.agreed),
            ("unanswered", self.unanswered),
            ("found_charged", self.found_charged),
            ("resubmitted", self.resubmitted),
            ("found_uncharged", self.found_uncharged),
            ("told_again", self.told_again),
            ("still_in_doubt", self.still_in_doubt),
            ("to_review", self.to_review),
            ("unreadable", self.unreadable),
            ("in_hand", self.in_hand),
            ("ended", self.ended),
            ("unknown", self.unknown),
            ("repaired", self.repaired),
        ]
    }
}
