use crate::{
    call_error::{CallError, CallResult},
    code::{self, Meaning, RefusalKind},
    model::{Mismatch, Order},
};

mod doubt;

pub use doubt::{Doubt, DoubtKind};

/// What became of a fetch. Three cases, never more: an unknown outcome is not a failure, and is never
/// repeated before a query has settled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Signed, fresh and fitting: these cards are paid for.
    Charged(Box<Order>),
    /// This attempt certainly charged nothing.
    NotCharged(Refusal),
    /// It may or may not have been charged: query.
    Unknown(Doubt),
}

impl Outcome {
    /// What the result of a fetch that was held against its order says.
    ///
    /// ```
    /// use hp_api::{ApiError, CallError, Outcome, RefusalKind};
    ///
    /// let low = CallError::Api(ApiError::new(400_113, "user balance not enough"));
    /// let Outcome::NotCharged(refusal) = Outcome::of(Err(low)) else { panic!() };
    /// assert_eq!(refusal.kind, RefusalKind::LowBalance);
    ///
    /// let lost = CallError::Lost("timeout".to_owned());
    /// assert!(matches!(Outcome::of(Err(lost)), Outcome::Unknown(_)));
    /// ```
    pub fn of(result: CallResult<Order>) -> Self {
        match result {
            Ok(order) => Self::Charged(Box::new(order)),
            Err(error) => Refusal::of(&error)
                .map_or_else(|| Self::Unknown(Doubt::of(&error)), Self::NotCharged),
        }
    }
}

/// Why an attempt certainly charged nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What follows from it.
    pub kind: RefusalKind,
    /// The vendor's code, where it answered at all.
    pub code: Option<i64>,
    /// For people.
    pub message: String,
}

impl Refusal {
    fn of(error: &CallError) -> Option<Self> {
        let (kind, code, message) = match error {
            CallError::NeverSent(why) => (RefusalKind::NeverSent, None, why.clone()),
            CallError::Cancelled => (RefusalKind::NeverSent, None, error.to_string()),
            CallError::Api(api) => match code::meaning(api.code) {
                Meaning::Refused(kind) => (kind, Some(api.code), api.message.clone()),
                Meaning::Exists | Meaning::Unclear => return None,
            },
            _ => return None,
        };
        Some(Self {
            kind,
            code,
            message,
        })
    }
}

/// Whether the order's record exists, but is not settled.
pub(crate) fn is_pending(mismatch: &Mismatch) -> bool {
    matches!(mismatch, Mismatch::NotCompleted(_))
}
