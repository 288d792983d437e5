//! Notifications: one worker of the queue POSTs each event of `{hp}:events` to the receiver, at least once.
//! `docs/notifications.md` describes what a receiver gets.

mod backoff;
mod budget;
mod delivery;
mod message;
mod notifier;
mod order_ids;
mod outbox;
#[cfg(test)]
mod outbox_properties;
#[cfg(test)]
mod outbox_tests;
mod pending;
mod sender;
mod sign;
mod summary;
mod test_message;
mod words;

pub(crate) use notifier::{begin, run_notifier};
pub(crate) use summary::summary;
pub(crate) use test_message::send_test;
