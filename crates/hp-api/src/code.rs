//! The vendor's response codes and their meaning. No other module or crate interprets a code.

/// The kind of a refusal, which decides what the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The vendor will never accept the order as it is: fail it.
    Final,
    /// The balance in this currency is too low: wait, and alert an operator.
    LowBalance,
    /// The signing date had expired: sign and send again. A second one in a row means that the clock is wrong.
    StaleDate,
    /// The request never left this machine: send it again.
    NeverSent,
    /// The key, the signature or the contract is wrong, so every order would fail: pause.
    Credentials,
}

impl RefusalKind {
    /// Returns the kind of refusal that a vendor code stands for, or `None` if the code does not prove a refusal.
    ///
    /// Use this for a code that was stored. For a fresh answer, [`Outcome::of`](crate::Outcome::of) gives the kind.
    ///
    /// ```
    /// use hp_api::RefusalKind;
    ///
    /// assert_eq!(RefusalKind::from_code(400_111), Some(RefusalKind::StaleDate));
    /// assert_eq!(RefusalKind::from_code(400_104), None);
    /// ```
    pub fn from_code(code: i64) -> Option<Self> {
        match meaning(code) {
            Meaning::Refused(kind) => Some(kind),
            Meaning::Exists | Meaning::Unclear => None,
        }
    }
}

/// The meaning of an error code for the fetch that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The vendor certainly did not execute the fetch.
    Refused(RefusalKind),
    /// The vendor already has an order with this id.
    Exists,
    /// Nothing is certain.
    Unclear,
}

/// Classifies a code: classes P, C and R of the contract are refusals, X is `Exists`, Q is `Unclear`.
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

/// Returns `true` if the code can never mean "no such order" in the answer to a query.
///
/// Such a code is about the signature, the date, a repetition, the balance, a payment token, or nothing in particular.
pub(crate) fn cannot_mean_not_found(code: i64) -> bool {
    matches!(code, 0 | 200 | 400_101 | 400_102 | 400_104..=400_115)
}

/// Returns what an operator can do about a code.
pub(crate) fn remedy(code: i64) -> &'static str {
    match code {
        400_100 | 400_102 => "the request is invalid: check product and quantity",
        400_101 | 400_107 => "check the app id and the secret or private key",
        400_108 => "give the vendor the public key of this client again",
        400_109..=400_111 => "check this machine's clock",
        400_104 | 400_112 => "query the order before anything else",
        400_113 => "top up the balance in this currency",
        400_114 => "open an account in this currency with the vendor",
        _ => "query the order, and ask the vendor what this code means",
    }
}
