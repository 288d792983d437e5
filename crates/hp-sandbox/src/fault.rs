//! The faults and their names.

use std::fmt;
use std::str::FromStr;

use crate::setting::BadSetting;

/// Something that goes wrong in one call.
///
/// "Before" means before the call is processed: nothing is charged. Every other fault happens after the call was
/// processed: a fetch charged the order, a query looked the order up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Resets the connection before the call is processed. By rate: before a byte is read.
    RefuseConnection,
    /// Closes the connection before the call is processed.
    DropBefore,
    /// Processes the call, then closes the connection without an answer.
    LostAnswer,
    /// Does not process the call and does not answer.
    TimeoutBefore,
    /// Processes the call and does not answer.
    TimeoutAfter,
    /// Answers HTTP 500 before the call is processed.
    Http500Before,
    /// Processes the call, then answers HTTP 500.
    Http500After,
    /// Answers HTTP 429 with `Retry-After` before the call is processed.
    Http429Before,
    /// Processes the call, then answers HTTP 503 with `Retry-After`.
    Http503After,
    /// Closes the connection after half of the body.
    Truncated,
    /// Sends a signature that does not match the data.
    BadSignature,
    /// Sends no signature.
    Unsigned,
    /// Sends a valid signature with a date that is one hour old.
    StaleDate,
    /// Sends one card less than ordered.
    Short,
    /// Sends the data of another product.
    WrongProduct,
    /// Like `Short`, and the record that a query shows has the same defect.
    ShortRecord,
    /// Like `WrongProduct`, and the record that a query shows has the same defect.
    WrongRecord,
    /// Sends null in every field that only describes the order and its cards; so does a query.
    SparseRecord,
    /// Charges the order and closes the connection. Queries find the order only after a delay.
    LateRecord,
    /// Sends a second answer, error 400100, in the same packet.
    Surplus,
    /// Sends a second answer, error 400100, after a delay.
    LateSurplus,
    /// Answers 400113, "balance too low", before the call is processed.
    LowBalance,
    /// Answers code 0 before the call is processed.
    Fail0,
    /// Answers this error code before the call is processed.
    Code(i64),
}

/// The prefix of `code-400124`, which stands for any error code.
const CODE_PREFIX: &str = "code-";

const NAMES: [(Fault, &str); 23] = [
    (Fault::RefuseConnection, "refuse-connection"),
    (Fault::DropBefore, "drop-before"),
    (Fault::LostAnswer, "lost-answer"),
    (Fault::TimeoutBefore, "timeout-before"),
    (Fault::TimeoutAfter, "timeout-after"),
    (Fault::Http500Before, "http-500-before"),
    (Fault::Http500After, "http-500-after"),
    (Fault::Http429Before, "http-429-before"),
    (Fault::Http503After, "http-503-after"),
    (Fault::Truncated, "truncated"),
    (Fault::BadSignature, "bad-signature"),
    (Fault::Unsigned, "unsigned"),
    (Fault::StaleDate, "stale-date"),
    (Fault::Short, "short"),
    (Fault::WrongProduct, "wrong-product"),
    (Fault::ShortRecord, "short-record"),
    (Fault::WrongRecord, "wrong-record"),
    (Fault::SparseRecord, "sparse-record"),
    (Fault::LateRecord, "late-record"),
    (Fault::Surplus, "surplus"),
    (Fault::LateSurplus, "late-surplus"),
    (Fault::LowBalance, "low-balance"),
    (Fault::Fail0, "fail-0"),
];

impl Fault {
    /// Returns every fault except `Code`.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(fault, _)| fault)
    }

    /// Returns `true` if the fault has no meaning for a query.
    pub(crate) fn is_fetch_only(self) -> bool {
        use Fault::{LateRecord, LowBalance, ShortRecord, SparseRecord, WrongRecord};
        matches!(
            self,
            LateRecord | LowBalance | ShortRecord | SparseRecord | WrongRecord
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Code(code) = self {
            return write!(f, "{CODE_PREFIX}{code}");
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
        known.or_else(|| parse_code(text)).ok_or_else(|| {
            let names = NAMES.map(|(_, name)| name).join(", ");
            let why =
                format!("there is no fault {text:?}; use one of {names}, {CODE_PREFIX}400124");
            BadSetting(why)
        })
    }
}

/// Rejects 200, which is not an error code.
fn parse_code(text: &str) -> Option<Fault> {
    let code = text.strip_prefix(CODE_PREFIX)?.parse().ok()?;
    (code != 200).then_some(Fault::Code(code))
}
