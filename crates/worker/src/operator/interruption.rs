use std::{io, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{shutdown::Shutdown, terminal::CommandError};

/// The request to stop a command between two steps. An order that the command has claimed is released first: a claim that is
/// only left counts as a crash, and its order waits until the lease ends.
pub(super) struct Interruption(CancellationToken);

/// The command was interrupted before it had decided about an order.
#[derive(Debug, thiserror::Error)]
#[error(
    "interrupted: the order that was in progress is released for the workers, without a decision; orders after it were not begun"
)]
pub(super) struct Interrupted;

impl Interruption {
    /// Listens for Ctrl-C and the other signals. A second signal ends the process at once, and so does the end of `drain`: then
    /// Redis does not answer.
    pub(super) fn listen(drain: Duration) -> io::Result<Self> {
        let shutdown = Shutdown::on_signals()?;
        let requested = shutdown.token().clone();
        tokio::spawn(async move {
            shutdown.drained(drain).await;
            exit_at_once();
        });
        Ok(Self(requested))
    }

    /// Fails if the command was interrupted.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if self.0.is_cancelled() {
            return Err(Interrupted.into());
        }
        Ok(())
    }

    /// Does `work`, which changes nothing, unless the command is interrupted before it is done.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.0.run_until_cancelled(work).await
    }
}

#[expect(clippy::exit, reason = "no work is left that could end")]
fn exit_at_once() -> ! {
    std::process::exit(2)
}
