//! The faults by name: what can go wrong on demand.

use std::fmt;
use std::str::FromStr;

use crate::setting::BadSetting;

/// Something that goes wrong in one call. "Acts" means: charges on a fetch, looks up on a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The connection is reset and nothing done; by rate, before a byte is read.
    RefuseConnection,
    /// Closed before it acts.
    DropBefore,
    /// Acts, then closes.
    LostAnswer,
    /// Never answers and never acts.
    TimeoutBefore,
    /// Acts and never answers.
    TimeoutAfter,
    /// HTTP 500 without acting.
    Http500Before,
    /// Acts, then HTTP 500.
    Http500After,
    /// Acts; the connection ends half-way through the body.
    Truncated,
    /// Acts; the signature is not that of the data.
    BadSignature,
    /// Acts; the signature is missing.
    Unsigned,
    /// Acts; rightly signed with a date an hour old.
    StaleDate,
    /// Acts; the answer has a card less than ordered.
    Short,
    /// Acts; the answer speaks of another product.
    WrongProduct,
    /// As `short`, and so is the record that a query shows.
    ShortRecord,
    /// As `wrong-product`, and so is the record that a query shows.
    WrongRecord,
    /// Acts, then closes; the record can be queried only after a while.
    LateRecord,
    /// 400113 without acting.
    LowBalance,
    /// Code 0 without acting.
    Fail0,
}

const NAMES: [(Fault, &str); 18] = [
    (Fault::RefuseConnection, "refuse-connection"),
    (Fault::DropBefore, "drop-before"),
    (Fault::LostAnswer, "lost-answer"),
    (Fault::TimeoutBefore, "timeout-before"),
    (Fault::TimeoutAfter, "timeout-after"),
    (Fault::Http500Before, "http-500-before"),
    (Fault::Http500After, "http-500-after"),
    (Fault::Truncated, "truncated"),
    (Fault::BadSignature, "bad-signature"),
    (Fault::Unsigned, "unsigned"),
    (Fault::StaleDate, "stale-date"),
    (Fault::Short, "short"),
    (Fault::WrongProduct, "wrong-product"),
    (Fault::ShortRecord, "short-record"),
    (Fault::WrongRecord, "wrong-record"),
    (Fault::LateRecord, "late-record"),
    (Fault::LowBalance, "low-balance"),
    (Fault::Fail0, "fail-0"),
];

impl Fault {
    fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(fault, _)| *fault == self)
            .map_or("", |(_, name)| name)
    }

    fn concerns_only_fetches(self) -> bool {
        use Fault::{LateRecord, LowBalance, ShortRecord, WrongRecord};
        matches!(self, LateRecord | LowBalance | ShortRecord | WrongRecord)
    }
}

/// The calls that faults can befall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `POST /v1/pin/fetch`
    Fetch,
    /// `GET /v1/order/query`
    Query,
}

/// A fault of one kind of call: `lost-answer` of a fetch, `query:lost-answer` of an order query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trigger {
    /// Which call it befalls.
    pub call: Call,
    /// What goes wrong.
    pub fault: Fault,
}

impl FromStr for Trigger {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (call, name) = match text.strip_prefix("query:") {
            Some(name) => (Call::Query, name),
            None => (Call::Fetch, text),
        };
        match NAMES.iter().find(|(_, known)| *known == name) {
            Some((fault, _)) if call == Call::Query && fault.concerns_only_fetches() => Err(
                BadSetting(format!("fault {name} does not apply to queries")),
            ),
            Some((fault, _)) => Ok(Self {
                call,
                fault: *fault,
            }),
            None => Err(BadSetting(format!(
                "no fault is called {name:?}; there are {}",
                NAMES.map(|(_, known)| known).join(", ")
            ))),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.call {
            Call::Fetch => "",
            Call::Query => "query:",
        };
        write!(f, "{prefix}{}", self.fault.name())
    }
}

/// A fault and the share of visits that meet it: `lost-answer=0.1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultRate {
    /// What happens to which call.
    pub trigger: Trigger,
    /// From 0, never, to 1, always.
    pub rate: f64,
}

impl FaultRate {
    /// Checks both parts.
    ///
    /// # Errors
    /// An unknown name, or a rate outside 0 to 1.
    pub fn new(name: &str, rate: f64) -> Result<Self, BadSetting> {
        let trigger = name.parse()?;
        if !(0.0..=1.0).contains(&rate) {
            return Err(BadSetting(format!(
                "rate {rate} of {name}: give 0 (never) to 1 (always)"
            )));
        }
        Ok(Self { trigger, rate })
    }
}

impl FromStr for FaultRate {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let usage = || BadSetting(format!("{text:?}: give NAME=RATE, such as lost-answer=0.1"));
        let (name, rate) = text.split_once('=').ok_or_else(usage)?;
        Self::new(name, rate.parse().map_err(|_| usage())?)
    }
}

/// The faults that an order id asks for by its end, for the first visit, the second and so on:
/// `A-17~http-500-before~lost-answer`. An end that is no fault's name ends the list from the left.
pub(crate) fn named(id: &str, call: Call) -> Vec<Fault> {
    let Some((_, ends)) = id.split_once('~') else {
        return Vec::new();
    };
    let mut faults: Vec<Trigger> = ends.rsplit('~').map_while(|end| end.parse().ok()).collect();
    faults.reverse();
    faults.retain(|trigger| trigger.call == call);
    faults.into_iter().map(|trigger| trigger.fault).collect()
}
