//! Holds a history against the promises. Pure, so that it can be shown histories that are wrong.

mod books;
mod leaks;
mod results;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use hp_sandbox::Charge;

use super::{
    history::{ClaimSkip, History, Kind},
    orders::Order,
};

/// What is promised of every order, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// Charged at most once.
    NeverTwice,
    /// Ends in a result, or is shown to a person.
    NeverLost,
    /// What is told is true.
    NeverMadeUp,
    /// No card key and no secret where it does not belong.
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

    /// What a violation is called.
    pub(crate) const fn broken(self) -> &'static str {
        match self {
            Self::NeverTwice => "charged twice",
            Self::NeverLost => "lost",
            Self::NeverMadeUp => "made up",
            Self::NeverLeaked => "card keys or secrets in logs and ledger",
            Self::OneResult => "more than one first result",
        }
    }
}

/// A promise that was not kept. Shows no card key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which.
    pub(crate) promise: Promise,
    /// The order, or the place.
    pub(crate) about: String,
    /// What is wrong.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}",
            self.promise.broken(),
            self.about,
            self.what
        )
    }
}

/// All violations; none is what is wanted.
pub(crate) fn check(history: &History) -> Vec<Violation> {
    let facts = Facts::of(history);
    let mut found = Found::default();
    for order in &history.orders {
        books::charge(&facts, order, &mut found);
        results::of_order(&facts, order, &mut found);
    }
    results::of_nobody(&facts, &mut found);
    results::of_nonsense(&facts, &mut found);
    books::sums(&facts, &mut found);
    leaks::search(history, &mut found);
    found.0
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
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

/// The history, by order.
struct Facts<'a> {
    history: &'a History,
    wanted: HashMap<&'a str, &'a Order>,
    charges: HashMap<&'a str, &'a Charge>,
    /// At the end.
    told: BTreeMap<&'a str, Vec<&'a ClaimSkip>>,
    live: BTreeMap<&'a str, Vec<&'a ClaimSkip>>,
    open: HashSet<&'a str>,
}

impl<'a> Facts<'a> {
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
            told: by_order(&history.told),
            live: by_order(&history.live),
            open: history.open.iter().map(String::as_str).collect(),
        }
    }

    /// What was told about an order at the end.
    fn told(&self, id: &str, kind: Kind) -> Vec<&'a ClaimSkip> {
        of_kind(self.told.get(id), kind)
    }

    /// What was ever told about it, each entry once; what is gone comes first.
    fn ever(&self, id: &str, kind: Kind) -> Vec<&'a ClaimSkip> {
        let there = self.told(id, kind);
        let mut ever = of_kind(self.live.get(id), kind);
        ever.retain(|read| there.iter().all(|told| told.entry != read.entry));
        ever.extend(there);
        ever
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

fn by_order(told: &[ClaimSkip]) -> BTreeMap<&str, Vec<&ClaimSkip>> {
    let mut by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in told {
        by_order.entry(entry.id()).or_default().push(entry);
    }
    by_order
}

fn of_kind<'a>(told: Option<&Vec<&'a ClaimSkip>>, kind: Kind) -> Vec<&'a ClaimSkip> {
    let told = told.into_iter().flatten().copied();
    told.filter(|told| told.kind() == kind).collect()
}
