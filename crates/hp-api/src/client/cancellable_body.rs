use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Returns `true` if the request may still be sent.
pub(super) type Permit = Arc<dyn Fn() -> bool + Send + Sync>;

/// The body of a request that may be cancelled.
///
/// The HTTP library polls it when the connection is established and the request is about to be written. So nothing can
/// delay the request between the permit and the socket.
pub(super) struct CancellableBody {
    params: Option<Bytes>,
    permit: Permit,
}

/// The error of a request that the caller cancelled.
#[derive(Debug, thiserror::Error)]
#[error("the request was cancelled before it was sent")]
pub(super) struct Cancelled;

impl CancellableBody {
    /// Creates a body. Without `params` the request has no body, and cannot be cancelled.
    pub(super) fn new(params: Option<Bytes>, permit: Permit) -> Self {
        Self { params, permit }
    }
}

impl Body for CancellableBody {
    type Data = Bytes;
    type Error = Cancelled;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cancelled>>> {
        let Some(params) = self.params.take() else {
            return Poll::Ready(None);
        };
        let frame = (self.permit)().then(|| Frame::data(params));
        Poll::Ready(Some(frame.ok_or(Cancelled)))
    }

    fn is_end_stream(&self) -> bool {
        self.params.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.params.as_ref().map_or(0, |params| params.len() as u64))
    }
}
