//! A local HitPoints for tests: the reseller API, a ledger of all charges, and faults on demand.
//!
//! A request passes through these modules: `connection` (HTTP), `handler` (latency), `vendor` (the four calls),
//! `authentication` (signature and date), `fault_injector` (which fault) and `accounts` (the charge). `control` has the
//! endpoints under `/_sandbox`.
#![doc = include_str!("../README.md")]

mod accounts;
mod api_error;
mod authentication;
mod card;
mod catalogue;
mod clock;
mod connection;
mod control;
mod fault;
mod fault_effect;
mod fault_injector;
mod front_end;
mod handler;
mod help;
mod ledger;
mod ledger_file;
mod options;
mod order;
mod params;
mod product_list;
mod record;
mod reply;
mod response_body;
mod rng;
mod sandbox;
mod setting;
mod signable;
mod surplus;
mod trigger;
mod vendor;

pub use fault::Fault;
pub use help::faults_help;
pub use ledger::{Charge, Ledger, LedgerCard, Totals};
pub use options::{Duplicate, Options};
pub use sandbox::Sandbox;
pub use setting::{BadSetting, Balance, Latency, NotFound};
pub use trigger::{Call, FaultRate, Trigger};
