//! What Redis ought to hold, kept as simply as possible. Operations tell it what time does.

pub(crate) mod claim;
pub(crate) mod epoch;
mod inbox;
mod notice;
pub(crate) mod order;
pub(crate) mod request;
pub(crate) mod settle;
pub(crate) mod state;
mod waiting;
