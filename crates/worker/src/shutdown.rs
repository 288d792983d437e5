//! The shutdown of a process: graceful at the first signal, immediate at the second.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The request to stop. Copies share it.
#[derive(Clone)]
pub(crate) struct Shutdown {
    requested: CancellationToken,
    urgent: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT: the first requests the stop, the second makes it urgent.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let mut signals = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let shutdown = Self {
            requested: CancellationToken::new(),
            urgent: CancellationToken::new(),
        };
        let listener = shutdown.clone();
        tokio::spawn(async move {
            next(&mut signals).await;
            info!("shutdown requested: finishing claimed orders; a second signal stops at once");
            listener.requested.cancel();
            next(&mut signals).await;
            warn!("second signal: stopping at once");
            listener.urgent.cancel();
        });
        Ok(shutdown)
    }

    /// The token that is cancelled at the first signal.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.requested
    }

    /// Returns when the time to drain is over, or at the second signal.
    pub(crate) async fn drained(&self, drain: Duration) {
        self.requested.cancelled().await;
        tokio::select! {
            () = self.urgent.cancelled() => {}
            () = sleep(drain) => {}
        }
    }
}

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
