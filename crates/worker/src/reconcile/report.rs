use std::collections::{BTreeMap, BTreeSet};

use hp_api::Order;
use hp_order::{Millis, Next, State, Step, TerminalOutcome, VendorSignal};
use hp_queue::Repair;
use rust_decimal::Decimal;
use serde::Serialize;
use tracing::warn;

use super::audit::findings::Audit;
use crate::terminal::format::known;

/// What a reconciliation run found and did. Each order that was checked is counted in exactly one of the figures from
/// `agreed` to `unreadable`.
///
/// `rename` gives the fields the names that the JSON output and `{hp}:reconcile:runs` have had from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// The process that made the run.
    pub(crate) by: String,
    /// The tick of the schedule, Unix ms. `None`: made on demand.
    pub(crate) tick: Option<u64>,
    /// `true` if the run changed nothing.
    pub(crate) dry_run: bool,
    /// Unix ms, by Redis' clock.
    pub(crate) started_at: u64,
    /// Unix ms, by Redis' clock.
    pub(crate) finished_at: u64,
    #[serde(rename = "looked_at")]
    pub(crate) checked: u64,
    /// Certainly not charged, and HitPoints has no record. The order continues on its schedule.
    pub(crate) agreed: u64,
    /// Certainly not charged according to the ledger; HitPoints gave no definite answer. The order continues on its
    /// schedule.
    pub(crate) unanswered: u64,
    /// In doubt before, and charged: completed.
    pub(crate) found_charged: u64,
    /// In doubt before, and not charged: to be submitted.
    pub(crate) resubmitted: u64,
    /// In doubt before, and not charged: ended.
    pub(crate) found_uncharged: u64,
    /// Ended before: its result was published again.
    #[serde(rename = "told_again")]
    pub(crate) replayed: u64,
    pub(crate) still_in_doubt: u64,
    /// Only an operator can decide, orders included that were in review before.
    pub(crate) to_review: u64,
    /// The record cannot be read. Only an operator can repair it.
    pub(crate) unreadable: u64,
    /// Not checked: certainly not charged. Only an audit checks such orders.
    pub(crate) uncharged: u64,
    /// Not checked: a worker has claimed it, or has just settled it.
    #[serde(rename = "in_hand")]
    pub(crate) claimed: u64,
    /// Not checked: it has ended, and its result is published.
    pub(crate) ended: u64,
    /// Named by the operator, but there is no such order.
    pub(crate) unknown: u64,
    /// Errors of the indexes that were repaired.
    pub(crate) repaired: u64,
    /// The charges that were found, by currency, in major units. `-` stands for an order without a currency.
    pub(crate) amounts: BTreeMap<String, Decimal>,
    /// What a real run would do with each order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) preview: Vec<Preview>,
    /// The first hundred orders that need review.
    #[serde(rename = "needs_a_person")]
    pub(crate) review_ids: Vec<String>,
    /// Why the run is incomplete.
    pub(crate) incomplete: Option<String>,
    /// The comparison of ended orders with HitPoints' records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audit: Option<Audit>,
    #[serde(skip)]
    pub(super) unreadable_ids: BTreeSet<String>,
}

/// What a real run would do with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Preview {
    pub(crate) order_id: String,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) message: Option<String>,
}

/// A figure of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// The name on the terminal, in logs and in metrics.
    pub(crate) name: &'static str,
    /// The name in JSON and CSV output and in `{hp}:reconcile:runs`.
    pub(crate) key: &'static str,
    /// A number of orders.
    pub(crate) count: u64,
}

/// The names of all figures, in their order.
pub(crate) const FIGURE_NAMES: [&str; 15] = [
    "checked",
    "agreed",
    "unanswered",
    "found_charged",
    "resubmitted",
    "found_uncharged",
    "replayed",
    "still_in_doubt",
    "to_review",
    "unreadable",
    "uncharged",
    "claimed",
    "ended",
    "unknown",
    "repaired",
];

/// The most ids that a report lists.
const LISTED_IDS: usize = 100;

impl Report {
    pub(crate) fn new(by: &str, tick: Option<Millis>, now: Millis) -> Self {
        Self {
            by: by.into(),
            tick: tick.map(|tick| tick.0),
            started_at: now.0,
            ..Self::default()
        }
    }

    /// Counts an order that was in state `before`, and the step that was applied to it.
    pub(crate) fn count(&mut self, id: &str, before: State, signal: VendorSignal, step: &Step) {
        self.checked += 1;
        match &step.next {
            Next::End(_) if before.has_ended() => self.replayed += 1,
            _ if before.has_ended() => self.still_in_doubt += 1,
            Next::End(TerminalOutcome::Completed { order, .. }) => {
                self.found_charged += 1;
                self.add_amount(order);
            }
            Next::End(_) => self.found_uncharged += 1,
            Next::Review | Next::Parked => {
                self.to_review += 1;
                self.list_for_review(id);
            }
            Next::Held { .. } => self.agreed += 1,
            Next::After(_) if step.state == State::Uncertain => self.still_in_doubt += 1,
            Next::After(_) if step.state != before => self.resubmitted += 1,
            Next::After(_) if signal == VendorSignal::Answered => self.agreed += 1,
            Next::After(_) => self.unanswered += 1,
        }
    }

    fn add_amount(&mut self, order: &Order) {
        let sum = self
            .amounts
            .entry(known(order.currency.as_ref()))
            .or_default();
        *sum += order.total_price.amount();
    }

    pub(crate) fn count_repair(&mut self, repair: Repair) {
        self.repaired += 1;
        warn!(obstacle = "index", ?repair, "index repaired");
    }

    pub(crate) fn count_unknown(&mut self, id: &str) {
        self.unknown += 1;
        self.list_for_review(id);
    }

    /// Counts an order once, even if an audit finds it a second time.
    pub(crate) fn count_unreadable(&mut self, id: &str, error: &str) {
        if !self.unreadable_ids.insert(id.into()) {
            return;
        }
        self.checked += 1;
        self.unreadable += 1;
        self.list_for_review(id);
        warn!(
            order = id,
            error, "cannot read the ledger record; an operator must repair it"
        );
    }

    pub(crate) fn list_for_review(&mut self, id: &str) {
        if self.review_ids.len() < LISTED_IDS {
            self.review_ids.push(id.into());
        }
    }

    /// The number of orders that need an operator.
    pub(crate) fn needing_review(&self) -> u64 {
        let disagreed = self.audit.as_ref().map_or(0, |audit| audit.disagreed);
        self.to_review + self.unreadable + self.unknown + disagreed
    }

    /// The duration of the run in ms.
    pub(crate) fn took_ms(&self) -> u64 {
        self.finished_at.saturating_sub(self.started_at)
    }

    pub(crate) fn figures(&self) -> [Figure; 15] {
        let counts = [
            self.checked,
            self.agreed,
            self.unanswered,
            self.found_charged,
            self.resubmitted,
            self.found_uncharged,
            self.replayed,
            self.still_in_doubt,
            self.to_review,
            self.unreadable,
            self.uncharged,
            self.claimed,
            self.ended,
            self.unknown,
            self.repaired,
        ];
        let mut figures = FIGURE_NAMES.map(|name| Figure {
            name,
            key: key(name),
            count: 0,
        });
        for (figure, count) in figures.iter_mut().zip(counts) {
            figure.count = count;
        }
        figures
    }

    /// The fields of an entry of `{hp}:reconcile:runs`. A value that is neither number nor text is JSON.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let json = |value: serde_json::Value| value.to_string();
        let mut fields = self.head();
        fields.extend(
            self.figures()
                .map(|figure| (figure.key, figure.count.to_string())),
        );
        fields.extend([
            ("for_a_person", self.needing_review().to_string()),
            ("amounts", json(serde_json::json!(self.amounts))),
            ("needs_a_person", json(serde_json::json!(self.review_ids))),
            ("incomplete", self.incomplete.clone().unwrap_or_default()),
        ]);
        if let Some(audit) = &self.audit {
            fields.push(("audit", json(serde_json::json!(audit))));
        }
        fields
    }

    /// Rows of figure, key and value, for a spreadsheet.
    pub(crate) fn rows(&self) -> Vec<[String; 3]> {
        let row = |figure: &str, key: &str, value: String| [figure.into(), key.into(), value];
        let mut head = self.head();
        head.push(("took_ms", self.took_ms().to_string()));
        let mut rows: Vec<_> = head
            .into_iter()
            .map(|(name, value)| row(name, "", value))
            .collect();
        let figures = self.figures();
        rows.extend(figures.map(|figure| row(figure.key, "", figure.count.to_string())));
        let amounts = self.amounts.iter();
        rows.extend(amounts.map(|(currency, amount)| row("charged", currency, amount.to_string())));
        let review = self.review_ids.iter();
        rows.extend(review.map(|id| row("needs_a_person", id, String::new())));
        let incomplete = self.incomplete.iter();
        rows.extend(incomplete.map(|reason| row("incomplete", "", reason.clone())));
        rows.extend(self.audit.iter().flat_map(Audit::rows));
        rows
    }

    fn head(&self) -> Vec<(&'static str, String)> {
        let tick = self.tick.map_or_else(String::new, |tick| tick.to_string());
        vec![
            ("by", self.by.clone()),
            ("tick", tick),
            ("dry_run", self.dry_run.to_string()),
            ("started_at", self.started_at.to_string()),
            ("finished_at", self.finished_at.to_string()),
        ]
    }
}

/// The name of a figure in JSON.
fn key(name: &'static str) -> &'static str {
    match name {
        "checked" => "looked_at",
        "replayed" => "told_again",
        "claimed" => "in_hand",
        name => name,
    }
}
