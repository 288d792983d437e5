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

/// Every fault for the help: its name, whether a fetch with it is charged, and what the client gets.
const HELP: [(&str, &str, &str); 24] = [
    ("refuse-connection", "no", "a connection reset"),
    ("drop-before", "no", "a closed connection, no answer"),
    ("lost-answer", "yes", "a closed connection, no answer"),
    ("timeout-before", "no", "no answer until --hold is over"),
    ("timeout-after", "yes", "no answer until --hold is over"),
    ("http-500-before", "no", "HTTP 500"),
    ("http-500-after", "yes", "HTTP 500"),
    ("http-429-before", "no", "HTTP 429 and Retry-After: 1"),
    ("http-503-after", "yes", "HTTP 503 and Retry-After: 1"),
    ("truncated", "yes", "half of the body"),
    ("bad-signature", "yes", "a signature that does not match"),
    ("unsigned", "yes", "no signature"),
    ("stale-date", "yes", "a date that is one hour old"),
    ("short", "yes", "one card less; queries are correct"),
    (
        "wrong-product",
        "yes",
        "another product; queries are correct",
    ),
    ("short-record", "yes", "one card less, also in queries"),
    ("wrong-record", "yes", "another product, also in queries"),
    (
        "sparse-record",
        "yes",
        "null in all but the necessary fields",
    ),
    (
        "late-record",
        "yes",
        "nothing; queries know it --late-record later",
    ),
    (
        "surplus",
        "yes",
        "the answer and a second one, error 400100",
    ),
    (
        "late-surplus",
        "yes",
        "the same, the second one --late-surplus later",
    ),
    (
        "low-balance",
        "no",
        "error 400113, until the balance is set",
    ),
    ("fail-0", "no", "error code 0"),
    ("code-400124", "no", "this error code; any code but 200"),
];

/// Lists every fault.
pub(crate) fn help() -> String {
    let row =
        |(name, charged, gets): &(&str, &str, &str)| format!("  {name:<19}{charged:<9}{gets}\n");
    let rows: String = HELP.iter().map(row).collect();
    format!(
        "  {:<19}{:<9}{}\n{rows}",
        "fault", "charged", "the client gets"
    )
}

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
