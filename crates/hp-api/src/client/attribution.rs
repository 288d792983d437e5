//! Checks that an unsigned answer belongs to its request.
//!
//! A verified answer proves itself. An error names no request, and nobody signs it. On a kept connection it may be a
//! surplus answer to an earlier request, while the vendor still executes this one. So it decides about an order only if
//! the connection is in step: the next answer on it must belong to the next request. The own answer of this request would
//! come first.

use tokio::time::Instant;

use super::{connection::Connection, transport::Transport};
use crate::{
    answer::Data,
    call_error::{CallError, CallResult},
    lookup::Lookup,
    refusal::Refusal,
    request::Request,
};

impl Transport {
    /// Returns the error, or [`CallError::Unattributed`] if it may be the answer to another request.
    ///
    /// It keeps the connection if that is in step.
    pub(super) async fn attribute(
        &self,
        error: CallError,
        request: &Request<'_>,
        mut connection: Connection,
        deadline: Instant,
    ) -> CallError {
        if !is_decisive(&error, request) {
            return error;
        }
        if !connection.is_kept() {
            let is_clean = connection.is_clean().await;
            return if is_clean {
                error
            } else {
                error.unattributed()
            };
        }
        match self.check_step(&mut connection, deadline).await {
            Ok(()) => {
                self.pool.keep(connection).await;
                error
            }
            Err(_) => error.unattributed(),
        }
    }

    /// Sends a request whose answer is signed and of a different kind.
    async fn check_step(&self, connection: &mut Connection, deadline: Instant) -> CallResult<()> {
        let (request, _) = self.sign(&Request::Products { currency: None }, None)?;
        let answer = connection.exchange(request.to_http(), deadline).await?;
        let list = self.accept(&answer).and_then(Data::into_products)?;
        if list.products.is_empty() {
            return Err(CallError::NoData);
        }
        Ok(())
    }
}

/// Returns `true` if the error would prove that an order was not charged, or that there may be no record.
fn is_decisive(error: &CallError, request: &Request<'_>) -> bool {
    match request {
        Request::FetchCards(_) => Refusal::from_error(error).is_some(),
        Request::QueryOrder { .. } => {
            matches!(Lookup::of(Err(error.clone())), Lookup::NotFound(_))
        }
        Request::Products { .. } | Request::QueryPin { .. } => false,
    }
}
