//! When a fault happens: by rate, or because an order id asks for it.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;
use crate::setting::BadSetting;

/// Marks a fault of the order query.
const QUERY: &str = "query:";

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

impl Trigger {
    /// Every fault that has a name of its own, of every call that it can befall.
    pub fn all() -> impl Iterator<Item = Self> {
        let of = |call| Fault::all().map(move |fault| Self { call, fault });
        of(Call::Fetch).chain(of(Call::Query).filter(|t| !t.fault.concerns_only_fetches()))
    }
}

impl FromStr for Trigger {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (call, name) = match text.strip_prefix(QUERY) {
            Some(name) => (Call::Query, name),
            None => (Call::Fetch, text),
        };
        let fault: Fault = name.parse()?;
        if call == Call::Query && fault.concerns_only_fetches() {
            let why = format!("fault {name} does not apply to queries");
            return Err(BadSetting(why));
        }
        Ok(Self { call, fault })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Call::Fetch => write!(f, "{}", self.fault),
            Call::Query => write!(f, "{QUERY}{}", self.fault),
        }
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
