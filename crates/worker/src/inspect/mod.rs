//! Commands that show something and change nothing: orders, the queue, HitPoints' records.

pub(crate) mod events;
mod obstacles;
pub(crate) mod order;
pub(crate) mod order_filter;
mod order_pages;
pub(crate) mod orders;
mod rates;
mod row;
pub(crate) mod status;
pub(crate) mod time_bound;
pub(crate) mod vendor;
pub(crate) mod watch;
