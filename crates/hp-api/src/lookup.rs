use std::fmt;

use crate::{
    call_error::{CallError, CallResult},
    code,
    doubt::Doubt,
    model::{Mismatch, Order},
};

/// The verdict of a query about an order whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The record exists and is valid: the order was charged.
    Found(Box<Order>),
    /// The vendor has a record under this id, but it is not the order: an operator must review it.
    Mismatch(Mismatch),
    /// The answer **may** mean "no such order".
    NotFound(NotFoundAnswer),
    /// The answer is not definite: query again.
    Unknown(Doubt),
}

/// An answer that may mean "no such order". The vendor does not document which answer does.
///
/// It counts only if a query for an id that never existed gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotFoundAnswer {
    /// An error code.
    Code(i64),
    /// Success without data.
    NoData,
}

impl Lookup {
    /// Classifies the result of [`Client::query`](crate::Client::query).
    ///
    /// ```
    /// use hp_api::{ApiError, CallError, Lookup, NotFoundAnswer};
    ///
    /// let unknown_order = CallError::Api(ApiError::new(400_119, "order not found"));
    /// assert_eq!(Lookup::of(Err(unknown_order)), Lookup::NotFound(NotFoundAnswer::Code(400_119)));
    ///
    /// let bad_clock = CallError::Api(ApiError::new(400_111, "sign date expired"));
    /// assert!(matches!(Lookup::of(Err(bad_clock)), Lookup::Unknown(_)));
    /// ```
    pub fn of(result: CallResult<Order>) -> Self {
        match result {
            Ok(order) => Self::Found(Box::new(order)),
            Err(CallError::NoData) => Self::NotFound(NotFoundAnswer::NoData),
            Err(CallError::Api(api)) if !code::cannot_mean_not_found(api.code) => {
                Self::NotFound(NotFoundAnswer::Code(api.code))
            }
            Err(CallError::Mismatch(mismatch)) if mismatch.contradicts_order() => {
                Self::Mismatch(mismatch)
            }
            Err(error) => Self::Unknown(Doubt::from_error(&error)),
        }
    }
}

impl fmt::Display for NotFoundAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code {code}"),
            Self::NoData => f.write_str("success without data"),
        }
    }
}
