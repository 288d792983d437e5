//! Checks that an unsigned answer belongs to its request.
//!
//! A verified answer proves itself. An error names no request, and nobody signs it. On a kept connection it may be a
//! surplus answer to an earlier request, while the vendor still executes this one.
//!
//! - The error decides only if the connection is in step: the next answer on it must belong to the next request. The own
//!   answer of this request would come first.
//! - If that fails, a query is made again on a new connection, and the answer there decides. A purchase must not be
//!   repeated: its outcome is unknown.

use tokio::time::Instant;
use tracing::Span;

use super::{
    connection::Connection, decisive::is_decisive, http_request::HttpRequest, span,
    transport::Transport,
};
use crate::{
    answer::Data,
    call_error::{CallError, CallResult},
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
        match self.check_step(&mut connection).await {
            Ok(()) => {
                self.pool.keep(connection).await;
                error
            }
            Err(_) => error.unattributed(),
        }
    }

    /// Returns [`CallError::TurnedAway`] if a 429 on a kept connection turned a purchase away.
    ///
    /// It did if the connection is in step, or if the next call is turned away, too: if the first answer was a surplus one, the
    /// second one is that of the purchase.
    pub(super) async fn attribute_429(
        &self,
        error: CallError,
        request: &Request<'_>,
        mut connection: Connection,
    ) -> CallError {
        let (
            Request::FetchCards(_),
            CallError::Throttled {
                status: 429,
                retry_after,
            },
        ) = (request, &error)
        else {
            return error;
        };
        let retry_after = *retry_after;
        // At once, without a permit: during the pause that follows, the server would close the connection.
        match self.check_step(&mut connection).await {
            Ok(()) | Err(CallError::Throttled { status: 429, .. }) => {
                CallError::TurnedAway { retry_after }
            }
            Err(_) => error,
        }
    }

    /// Sends a request whose answer is signed and of a different kind.
    pub(super) async fn check_step(&self, connection: &mut Connection) -> CallResult<()> {
        let request = Request::Products { currency: None };
        let mut call = self.begin(&request);
        let span = self.server.span(&request);
        let request = self.sign(&request, None)?;
        let listed = self
            .list_products(connection, &request, call.deadline, span)
            .await;
        call.end(listed.as_ref().err());
        listed
    }

    async fn list_products(
        &self,
        connection: &mut Connection,
        request: &HttpRequest,
        deadline: Instant,
        span: Span,
    ) -> CallResult<()> {
        let answer = connection.exchange(request.to_http(&self.headers), deadline);
        let answer = span::recorded(span, answer).await?;
        let list = self.accept(&answer).and_then(Data::into_products)?;
        if list.products.is_empty() {
            return Err(CallError::NoData);
        }
        Ok(())
    }
}
