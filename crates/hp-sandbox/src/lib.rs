//! A local HitPoints: the vendor's reseller API, its envelope, signatures and checks, with a ledger that
//! can be looked into and faults on demand. No real money, no real cards.
//!
//! A request comes in by `connection`, gets its latency in `site`, passes `gate`, and is answered by `vendor` out of the
//! `bank`; `mischief` says what goes wrong with it. `control` is for tests and people.
#![doc = include_str!("../README.md")]

mod bank;
mod card;
mod catalogue;
mod clock;
mod connection;
mod control;
mod draw;
mod effect;
mod fault;
mod fields;
mod gate;
mod ledger;
mod listing;
mod mischief;
mod options;
mod order;
mod params;
mod payload;
mod record;
mod refused;
mod reply;
mod sandbox;
mod setting;
mod site;
mod trigger;
mod vendor;

pub use fault::Fault;
pub use ledger::{Charge, Ledger, LedgerCard, Totals};
pub use options::{Duplicate, Options};
pub use sandbox::Sandbox;
pub use setting::{BadSetting, Balance, Latency, NotFound};
pub use trigger::{Call, FaultRate, Trigger};
