//! Dashboards and alerts: every name that they use exists, every alert has a page and tests, and fires when it should.
//!
//! The tests in `firing` need Prometheus, so they are ignored here. A step of CI installs it and runs them.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod alerts;
mod coverage;
mod dashboard;
mod documentation;
mod exposition;
mod firing;
mod names;
mod prometheus;
mod promql;
