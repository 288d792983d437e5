//! The shutdown of a process: graceful at the first signal, immediate at the second.

use std::{future::pending, io, time::Duration};

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
    /// Listens for SIGTERM, SIGINT and SIGHUP: the first requests the stop, the second makes it urgent. It leaves a
    /// SIGHUP alone that `nohup` ignores.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let mut signals = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            hangup()?,
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

async fn next((terminate, interrupt, hangup): &mut (Signal, Signal, Option<Signal>)) {
    let hung_up = async {
        match hangup {
            Some(hangup) => hangup.recv().await,
            None => pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hung_up => {}
    }
}

fn hangup() -> io::Result<Option<Signal>> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if ignores_hangup(&status) {
        return Ok(None);
    }
    signal(SignalKind::hangup()).map(Some)
}

/// Reads the set of ignored signals from the status that Linux gives of a process. Its lowest bit stands for SIGHUP.
fn ignores_hangup(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .is_some_and(|set| set & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn ignored_hangup_is_read_from_the_status() {
        let status = |ignored: &str| format!("Name:\tworker\nSigBlk:\t1\nSigIgn:\t{ignored}\n");
        assert!(ignores_hangup(&status("0000000000001001")));
        assert!(!ignores_hangup(&status("0000000000001000")));
        assert!(!ignores_hangup(""));
    }
}
