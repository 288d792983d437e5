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
    /// This error code without acting.
    Code(i64),
}

/// What a fault of any code begins with: `code-400124`.
const CODE: &str = "code-";

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
    /// Those that have a name of their own.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(fault, _)| fault)
    }

    /// There is nothing of the kind in a query.
    pub(crate) fn concerns_only_fetches(self) -> bool {
        use Fault::{LateRecord, LowBalance, ShortRecord, WrongRecord};
        matches!(self, LateRecord | LowBalance | ShortRecord | WrongRecord)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Code(code) = self {
            return write!(f, "{CODE}{code}");
        }
        let name = NAMES.iter().find(|(fault, _)| fault == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Fault {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let known = NAMES.iter().find(|(_, name)| *name == text);
        let known = known.map(|(fault, _)| *fault);
        known.or_else(|| of_code(text)).ok_or_else(|| {
            let names = NAMES.map(|(_, name)| name).join(", ");
            let why = format!("no fault is called {text:?}; there are {names}, {CODE}400124");
            BadSetting(why)
        })
    }
}

/// 200 is no error.
fn of_code(text: &str) -> Option<Fault> {
    let code = text.strip_prefix(CODE)?.parse().ok()?;
    (code != 200).then_some(Fault::Code(code))
}
