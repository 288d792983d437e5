//! Reconciliation: checks every stuck order against HitPoints' record, on a schedule and on demand.
//!
//! A [`Run`](run::Run) finds the orders in the ledger, and claims, processes and settles them as workers do. The
//! [`scheduler`] starts one at each tick of the schedule; [`command`] is `worker reconcile`.

mod audit;
mod check;
pub(crate) mod command;
mod dry_run;
mod output;
pub(crate) mod report;
mod report_file;
mod run;
pub(crate) mod scheduler;
