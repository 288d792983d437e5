use std::fmt;

use crate::{
    call_error::{CallError, CallResult},
    code,
    model::{Mismatch, Order},
    outcome::{Doubt, is_pending},
};

/// What a query says about an order whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The record is there and fits: the order was charged.
    Found(Box<Order>),
    /// A record is there under this id, and it is not the order's: a person has to look.
    Mismatch(Mismatch),
    /// The answer that **may** mean "no such order".
    NotFound(NotFoundAnswer),
    /// No definite answer: ask again.
    Unknown(Doubt),
}

/// An answer that may mean "no such order": nobody has said which one does. It counts only if a query
/// for an id that certainly never existed gets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotFoundAnswer {
    /// An error code.
    Code(i64),
    /// Success without data.
    NoData,
}

impl Lookup {
    /// What the result of a query that was held against its order says.
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
            Err(CallError::Api(api)) if !code::is_beside_the_record(api.code) => {
                Self::NotFound(NotFoundAnswer::Code(api.code))
            }
            Err(CallError::Mismatch(mismatch)) if contradicts(&mismatch) => {
                Self::Mismatch(mismatch)
            }
            Err(error) => Self::Unknown(Doubt::of(&error)),
        }
    }
}

/// An answer about another order id is an old or mixed up one, and says nothing about ours.
fn contradicts(mismatch: &Mismatch) -> bool {
    !is_pending(mismatch) && *mismatch != Mismatch::OrderId
}

impl fmt::Display for NotFoundAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code {code}"),
            Self::NoData => f.write_str("success without data"),
        }
    }
}
