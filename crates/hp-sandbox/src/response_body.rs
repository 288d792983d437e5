//! The body of an HTTP response, complete or truncated.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The error with which hyper closes a connection before the answer is complete.
#[derive(Debug, thiserror::Error)]
#[error("connection closed on purpose")]
pub(crate) struct ClosedOnPurpose;

pub(crate) struct ResponseBody {
    bytes: Bytes,
    next: Next,
}

enum Next {
    Complete,
    FirstHalf,
    /// Lets hyper send the first half before the connection closes.
    Pause,
    Fail,
    End,
}

impl ResponseBody {
    pub(crate) fn new(text: String, truncated: bool) -> Self {
        let bytes = Bytes::from(text);
        let next = match (bytes.is_empty(), truncated) {
            (true, _) => Next::End,
            (false, false) => Next::Complete,
            (false, true) => Next::FirstHalf,
        };
        Self { bytes, next }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ClosedOnPurpose;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClosedOnPurpose>>> {
        match self.next {
            Next::Complete => {
                self.next = Next::End;
                Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))))
            }
            Next::FirstHalf => {
                self.next = Next::Pause;
                let half = self.bytes.slice(..self.bytes.len() / 2);
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Next::Pause => {
                self.next = Next::Fail;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Next::Fail => Poll::Ready(Some(Err(ClosedOnPurpose))),
            Next::End => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.next, Next::End)
    }

    /// Announces the full length, so that the client notices a truncated body.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
