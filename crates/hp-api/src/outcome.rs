use crate::{call_error::CallResult, doubt::Doubt, model::Order, refusal::Refusal};

/// The outcome of a fetch.
///
/// An unknown outcome is not a failure. Repeat the fetch only after a query has settled the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is signed, fresh and valid: these cards are paid for.
    Charged(Box<Order>),
    /// This attempt certainly charged nothing.
    NotCharged(Refusal),
    /// The attempt may or may not have charged the order: query.
    Unknown(Doubt),
}

impl Outcome {
    /// Classifies the result of [`Client::fetch`](crate::Client::fetch).
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
            Err(error) => Refusal::from_error(&error).map_or_else(
                || Self::Unknown(Doubt::from_error(&error)),
                Self::NotCharged,
            ),
        }
    }
}
