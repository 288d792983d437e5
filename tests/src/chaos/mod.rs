//! Everything goes wrong at once, and then the books are compared.
//!
//! Real workers, a real Redis and the sandbox, with a [proxy](crate::proxy) before each of the two. Shops put in
//! [orders] while a [schedule] kills, stops and ends workers, kills Redis and takes the end of its log
//! away, cuts, stalls and slows both networks, drains accounts, and while every fault of the sandbox happens. Then
//! comes the calm: all is healed, and all orders must come to an end. What is known after that is the
//! [history](history::History), and [`check`](check::check) holds it against the promises.
//!
//! A seed decides the orders, the actions and their times, and which visits to the vendor go wrong. How the processes
//! interleave is real, so two runs of one seed are alike and not equal.
//!
//! What holds up a request to the vendor adds up to less than `retry.resubmit_after`: a worker that stands still
//! between its last look at the clock and the sending, a stalled network, a late record. Beyond that no client of an
//! interface which does not recognise repetitions can be safe, and to see it fail would say nothing about it.

pub mod check;
mod collect;
mod fleet;
pub mod history;
pub mod orders;
mod run;
pub mod schedule;
mod shops;
pub mod summary;
mod tail;
mod world;

pub use run::{Report, Settings, run};

use tokio::time::Instant;

/// Redis' time, told from ours.
#[derive(Clone, Copy)]
struct Clock {
    start: Instant,
    unix_ms: u64,
}

impl Clock {
    /// Unix milliseconds.
    fn now(&self) -> u64 {
        self.unix_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
