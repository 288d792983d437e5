//! The vendor's response codes, and what each says about a fetch.

use crate::outcome::RefusalKind;

/// What an error code says about the fetch it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Certainly not carried out.
    Refused(RefusalKind),
    /// The order id is known to the vendor already.
    Exists,
    /// Says nothing for certain.
    Unclear,
}

/// The one place where a code is given its meaning (classes P, C, R, X and Q of the contract).
pub(crate) fn meaning(code: i64) -> Meaning {
    use Meaning::{Exists, Refused, Unclear};
    match code {
        400_100 | 400_102 | 400_114 => Refused(RefusalKind::Final),
        400_101 | 400_107..=400_110 => Refused(RefusalKind::Credentials),
        400_111 => Refused(RefusalKind::StaleDate),
        400_113 => Refused(RefusalKind::LowBalance),
        400_104 | 400_112 => Exists,
        _ => Unclear,
    }
}

/// Whether a code speaks of something else than the record that was asked for: signature, date,
/// repetition, balance, payment token, or nothing in particular. Never to be learnt as "no such order".
pub(crate) fn is_beside_the_record(code: i64) -> bool {
    matches!(code, 0 | 200 | 400_101 | 400_102 | 400_104..=400_115)
}

/// What a person can do about a code.
pub(crate) fn remedy(code: i64) -> &'static str {
    match code {
        400_100 | 400_102 => "the request was refused as wrong: check product and quantity",
        400_101 | 400_107 => "check the app id and the secret or private key",
        400_108 => "give the vendor this client's public key again",
        400_109..=400_111 => "check this machine's clock",
        400_104 | 400_112 => "query the order before anything else",
        400_113 => "top up the balance in this currency",
        400_114 => "open an account in this currency with the vendor",
        _ => "query the order, and ask the vendor what this code means",
    }
}
