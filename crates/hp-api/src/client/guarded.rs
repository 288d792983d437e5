use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Whether a request may still leave.
pub(super) type Permit = Box<dyn Fn() -> bool + Send + Sync>;

/// The body of a request that may be cancelled. It is asked for when the connection stands and is about to be written
/// to, so nothing can hold the request up between the permit and the socket.
pub(super) struct CancellableBody {
    params: Option<Bytes>,
    may_leave: Permit,
}

/// Nobody waits for this request any more.
#[derive(Debug, thiserror::Error)]
#[error("the request was cancelled before it left")]
pub(super) struct Cancelled;

impl CancellableBody {
    pub(super) fn new(params: String, may_leave: Permit) -> Self {
        Self {
            params: Some(params.into()),
            may_leave,
        }
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
        let frame = (self.may_leave)().then(|| Frame::data(params));
        Poll::Ready(Some(frame.ok_or(Cancelled)))
    }

    fn is_end_stream(&self) -> bool {
        self.params.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.params.as_ref().map_or(0, |params| params.len() as u64))
    }
}
