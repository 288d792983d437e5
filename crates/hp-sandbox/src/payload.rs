//! The body of an answer, whole or cut off half-way.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The connection ends without the (rest of the) answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
pub(crate) struct Gone;

pub(crate) struct Payload {
    bytes: Bytes,
    next: Next,
}

enum Next {
    Whole,
    FirstHalf,
    /// Lets hyper send the first half before the connection breaks.
    Pause,
    Break,
    End,
}

impl Payload {
    pub(crate) fn new(text: String, cut: bool) -> Self {
        let bytes = Bytes::from(text);
        let next = match (bytes.is_empty(), cut) {
            (true, _) => Next::End,
            (false, false) => Next::Whole,
            (false, true) => Next::FirstHalf,
        };
        Self { bytes, next }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Gone;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Gone>>> {
        match self.next {
            Next::Whole => {
                self.next = Next::End;
                Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))))
            }
            Next::FirstHalf => {
                self.next = Next::Pause;
                let half = self.bytes.slice(..self.bytes.len() / 2);
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Next::Pause => {
                self.next = Next::Break;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Next::Break => Poll::Ready(Some(Err(Gone))),
            Next::End => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.next, Next::End)
    }

    /// The full length, so that a cut body is seen to be cut.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
