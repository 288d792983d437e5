//! Whether this process lives, and whether it is ready: for probes, `worker health` and systemd. No check calls HitPoints or
//! Redis: it looks at what the process knows already.

pub(crate) mod command;
mod report;
mod routes;
pub(crate) mod systemd;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use routes::routes;

use report::{Part, Report, failure};

use crate::engine::{processor::OrderProcessor, pulse::Rounds, self_pause::Subject};

/// What is known about the health of this process. Copies share it.
#[derive(Clone)]
pub(crate) struct Health(Arc<Known>);

struct Known {
    processor: Arc<OrderProcessor>,
    main_loop: MainLoop,
    has_joined: watch::Sender<bool>,
    stop: CancellationToken,
    drain: Duration,
}

/// The loop that is the purpose of a process.
pub(crate) struct MainLoop {
    /// As the answers call it.
    pub(crate) name: &'static str,
    pub(crate) rounds: Rounds,
}

impl Health {
    /// The health of a process that lives for as long as this loop goes on. After `stop` it drains, for up to `drain`.
    pub(crate) fn new(
        processor: &Arc<OrderProcessor>,
        main_loop: MainLoop,
        stop: CancellationToken,
        drain: Duration,
    ) -> Self {
        Self(Arc::new(Known {
            processor: Arc::clone(processor),
            main_loop,
            has_joined: watch::Sender::new(false),
            stop,
            drain,
        }))
    }

    /// Notes that the process has joined the queue and begins its work.
    pub(crate) fn note_joined(&self) {
        self.0.has_joined.send_replace(true);
    }

    fn has_joined(&self) -> bool {
        *self.0.has_joined.borrow()
    }

    fn is_draining(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    /// Whether the loop goes on.
    fn live(&self) -> Part {
        let MainLoop { name, rounds } = &self.0.main_loop;
        Part::new([(*name, failure(rounds.check()))])
    }

    /// Whether the process can do its work.
    fn ready(&self) -> Part {
        let processor = &self.0.processor;
        let pause = |subject| processor.self_pause.reason_of(subject);
        let redis = failure(processor.contact.check()).or_else(|| pause(Subject::Redis));
        let start = (!self.has_joined()).then(|| "the process has not joined the queue yet".into());
        let shutdown = self.is_draining();
        let shutdown = shutdown.then(|| "the process finishes its orders and stops".into());
        Part::new([
            ("start", start),
            ("redis", redis),
            ("configuration", pause(Subject::Terms)),
            ("shutdown", shutdown),
        ])
    }

    fn report(&self) -> Report {
        Report {
            worker: self.0.processor.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            live: Some(self.live()),
            ready: Some(self.ready()),
        }
    }
}
