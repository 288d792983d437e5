use std::{io, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing::{info, warn};

/// The request to stop: once asked, always asked.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<u8>);

impl Shutdown {
    /// Asked by the first SIGTERM or SIGINT, urgent by the second.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let (times, asked) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                times.send_modify(|times| *times += 1);
                if *times.borrow() == 1 {
                    info!("asked to stop: finishing what has begun; a second signal ends at once");
                } else {
                    warn!("asked again: ending at once");
                }
            }
        });
        Ok(Self(asked))
    }

    /// Asked by whoever calls the function.
    pub(crate) fn by_hand() -> (impl Fn(), Self) {
        let (times, asked) = watch::channel(0);
        (move || times.send_modify(|times| *times += 1), Self(asked))
    }

    /// Whether somebody asked.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Returns when somebody asks.
    pub(crate) async fn wait(&self) {
        self.asked(1).await;
    }

    /// Returns when the time to drain is over, or at the second request.
    pub(crate) async fn overdue(&self, drain: Duration) {
        self.wait().await;
        tokio::select! {
            () = self.asked(2) => {}
            () = tokio::time::sleep(drain) => {}
        }
    }

    async fn asked(&self, times: u8) {
        let mut asked = self.0.clone();
        if asked.wait_for(|so_far| *so_far >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
