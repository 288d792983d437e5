//! Compares a history with the promises. Pure, so that tests can check wrong histories.

mod leaks;
mod ledgers;
mod results;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use hp_sandbox::Charge;

use super::{
    history::{History, Kind, PublishedResult},
    workload::Order,
};

/// The promises for every order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// Charged at most once.
    NeverTwice,
    /// Ends in a result or in review.
    NeverLost,
    /// Every result is true.
    NeverMadeUp,
    /// No card key and no secret in logs or ledger.
    NeverLeaked,
    /// At most one first result.
    OneResult,
}

impl Promise {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::NeverTwice,
        Self::NeverLost,
        Self::NeverMadeUp,
        Self::OneResult,
        Self::NeverLeaked,
    ];

    /// The name of its violation.
    pub(crate) const fn broken_promises(self) -> &'static str {
        match self {
            Self::NeverTwice => "charged twice",
            Self::NeverLost => "lost",
            Self::NeverMadeUp => "made up",
            Self::NeverLeaked => "card keys or secrets in logs and ledger",
            Self::OneResult => "more than one first result",
        }
    }
}

/// A broken promise. Contains no card key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The promise.
    pub(crate) promise: Promise,
    /// The order or the place.
    pub(crate) about: String,
    /// The fault.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}",
            self.promise.broken_promises(),
            self.about,
            self.what
        )
    }
}

/// Returns all violations, none if the promises hold.
pub(crate) fn check(history: &History) -> Vec<Violation> {
    let index = Index::of(history);
    let mut violations = Violations::default();
    for order in &history.orders {
        ledgers::charge(&index, order, &mut violations);
        results::check_order(&index, order, &mut violations);
    }
    results::check_unordered(&index, &mut violations);
    results::check_invalid_entries(&index, &mut violations);
    ledgers::sums(&index, &mut violations);
    leaks::search(history, &mut violations);
    violations.0
}

#[derive(Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, promise: Promise, about: &str, what: impl Into<String>) {
        self.0.push(Violation {
            promise,
            about: about.into(),
            what: what.into(),
        });
    }

    fn check(&mut self, holds: bool, promise: Promise, about: &str, what: impl Into<String>) {
        if !holds {
            self.add(promise, about, what);
        }
    }
}

/// The history, indexed by order.
struct Index<'a> {
    history: &'a History,
    wanted: HashMap<&'a str, &'a Order>,
    charges: HashMap<&'a str, &'a Charge>,
    /// Results at the end.
    published: BTreeMap<&'a str, Vec<&'a PublishedResult>>,
    consumed: BTreeMap<&'a str, Vec<&'a PublishedResult>>,
    open: HashSet<&'a str>,
}

impl<'a> Index<'a> {
    fn of(history: &'a History) -> Self {
        Self {
            history,
            wanted: history
                .orders
                .iter()
                .map(|order| (order.id.as_str(), order))
                .collect(),
            charges: history
                .charges
                .iter()
                .map(|charge| (charge.out_trade_id.as_str(), charge))
                .collect(),
            published: by_order(&history.published),
            consumed: by_order(&history.consumed),
            open: history.open.iter().map(String::as_str).collect(),
        }
    }

    /// The results of an order at the end.
    fn published(&self, id: &str, kind: Kind) -> Vec<&'a PublishedResult> {
        of_kind(self.published.get(id), kind)
    }

    /// All results of an order, each entry once. Entries that are gone come first.
    fn all_results(&self, id: &str, kind: Kind) -> Vec<&'a PublishedResult> {
        let there = self.published(id, kind);
        let mut all_results = of_kind(self.consumed.get(id), kind);
        all_results.retain(|read| there.iter().all(|published| !published.is_same(read)));
        all_results.extend(there);
        all_results
    }

    fn record(&self, id: &str, field: &str) -> &'a str {
        let record = self.history.records.get(id);
        record
            .and_then(|record| record.get(field))
            .map_or("", String::as_str)
    }

    fn is_in_review(&self, id: &str) -> bool {
        self.record(id, "state") == "review"
    }
}

fn by_order(published: &[PublishedResult]) -> BTreeMap<&str, Vec<&PublishedResult>> {
    let mut by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in published {
        by_order.entry(entry.id()).or_default().push(entry);
    }
    by_order
}

fn of_kind<'a>(
    published: Option<&Vec<&'a PublishedResult>>,
    kind: Kind,
) -> Vec<&'a PublishedResult> {
    let published = published.into_iter().flatten().copied();
    published
        .filter(|published| published.kind() == kind)
        .collect()
}
