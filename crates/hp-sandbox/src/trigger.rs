//! When a fault happens: by rate, or because an order id requests it.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;
use crate::setting::BadSetting;

/// The prefix of a fault that affects order queries.
const QUERY_PREFIX: &str = "query:";

/// The calls that can have faults.
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
    /// The kind of call that gets the fault.
    pub call: Call,
    /// The fault.
    pub fault: Fault,
}

impl Trigger {
    /// Returns every fault of every kind of call, except `code-N`.
    pub fn all() -> impl Iterator<Item = Self> {
        let faults_of = |call| Fault::all().map(move |fault| Self { call, fault });
        let of_queries = faults_of(Call::Query).filter(|t| !t.fault.is_fetch_only());
        faults_of(Call::Fetch).chain(of_queries)
    }
}

impl FromStr for Trigger {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (call, name) = match text.strip_prefix(QUERY_PREFIX) {
            Some(name) => (Call::Query, name),
            None => (Call::Fetch, text),
        };
        let fault: Fault = name.parse()?;
        if call == Call::Query && fault.is_fetch_only() {
            let why =
                format!("the fault {name} does not apply to queries; use it without \"query:\"");
            return Err(BadSetting(why));
        }
        Ok(Self { call, fault })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Call::Fetch => write!(f, "{}", self.fault),
            Call::Query => write!(f, "{QUERY_PREFIX}{}", self.fault),
        }
    }
}

/// A fault and the share of calls that get it: `lost-answer=0.1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultRate {
    /// The fault and its kind of call.
    pub trigger: Trigger,
    /// From 0 (never) to 1 (always).
    pub rate: f64,
}

impl FaultRate {
    /// Checks the name and the rate.
    ///
    /// # Errors
    /// The name is unknown, or the rate is outside 0 to 1.
    pub fn new(name: &str, rate: f64) -> Result<Self, BadSetting> {
        let trigger = name.parse()?;
        if !(0.0..=1.0).contains(&rate) {
            return Err(BadSetting(format!(
                "the rate {rate} of {name} is out of range; give 0 (never) to 1 (always)"
            )));
        }
        Ok(Self { trigger, rate })
    }
}

impl FromStr for FaultRate {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let usage = || {
            BadSetting(format!(
                "{text:?} is not NAME=RATE; give for example lost-answer=0.1"
            ))
        };
        let (name, rate) = text.split_once('=').ok_or_else(usage)?;
        Self::new(name, rate.parse().map_err(|_| usage())?)
    }
}

/// Returns the faults that the suffixes of an order id request, in the order of the calls that get them.
///
/// `A-17~http-500-before~lost-answer` requests one fault for the first call and one for the second. A suffix that cannot be
/// the name of a fault, and everything before it, belongs to the id.
///
/// # Errors
/// A suffix has the form of a name, and there is no such fault.
pub(crate) fn requested_faults(id: &str, call: Call) -> Result<Vec<Fault>, BadSetting> {
    let Some((_, suffixes)) = id.split_once('~') else {
        return Ok(Vec::new());
    };
    let names = suffixes.rsplit('~').take_while(|suffix| is_name(suffix));
    let triggers = names.map(str::parse).collect::<Result<Vec<Trigger>, _>>()?;
    let of_call = triggers.iter().rev().filter(|trigger| trigger.call == call);
    Ok(of_call.map(|trigger| trigger.fault).collect())
}

/// Returns `true` if a suffix has the form of a fault's name: it begins with a letter, and has only letters, digits and
/// hyphens.
fn is_name(suffix: &str) -> bool {
    let name = suffix.strip_prefix(QUERY_PREFIX).unwrap_or(suffix);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(is_part)
}
