//! What keeps orders from going on at present, and what to do about it. `status`, `orders`, `order`, `doctor` and the log all
//! name an obstacle with the words of this module.

mod breaker;
mod description;
mod facts;
mod kind;
mod of_order;
mod of_queue;
mod of_redis;
mod of_workers;
#[cfg(test)]
mod tests;
mod vendor_failure;

pub(crate) use description::Obstacle;
pub(crate) use facts::Facts;
pub(crate) use kind::ObstacleKind;
pub(crate) use of_order::of_order;
pub(crate) use of_queue::of_queue;
pub(crate) use of_workers::UNREACHABLE;
pub(crate) use vendor_failure::VendorFailure;
