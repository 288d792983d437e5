use std::{
    error::Error,
    future::{Future, poll_fn, ready},
    io,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{
    answer_head,
    cancellable_body::CancellableBody,
    clock, failure,
    idle::stated_limit,
    retry_after,
    socket::{Sent, Stream},
    wiped_reads::WipedReads,
};
use crate::call_error::{CallError, CallResult};

/// The maximum size of an answer in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The size of the buffer that the HTTP library reads into, and so of the longest head of an answer. It is fixed, so that a read always offers all of it, and
/// [`WipedReads`] can wipe all of it.
const READ_BUFFER: usize = 16 * 1024;

/// The maximum number of pieces in which an answer may come. Each costs time, however small it is.
const MAX_PIECES: usize = 65_536;

/// One connection to the vendor. It carries one call at a time.
///
/// The call itself drives the connection, so nothing reads from it while it is idle. Whatever arrives then is found by the
/// next call before it sends a byte, see [`Socket`](super::socket::Socket). The HTTP library then ends the connection.
pub(super) struct Connection {
    sender: SendRequest<CancellableBody>,
    /// Present while the connection is open. It must be dropped at its end: a request that it never began to send would
    /// otherwise wait for an answer.
    driver: Option<Driver>,
    state: State,
    sent: Sent,
    /// When the last call ended, if there was one.
    pub(super) kept_since: Option<Instant>,
    /// After what idle time the server closes the connection, if its last answer said so.
    pub(super) stated_limit: Option<Duration>,
}

type Driver = http1::Connection<TokioIo<WipedReads<Box<dyn Stream>>>, CancellableBody>;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Closed,
    /// The connection delivered bytes nobody asked for.
    Failed,
}

/// An answer with HTTP status 200.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    /// May contain card keys.
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Connection {
    pub(super) async fn open(stream: Box<dyn Stream>, sent: Sent) -> hyper::Result<Self> {
        let mut http = http1::Builder::new();
        http.read_buf_exact_size(Some(READ_BUFFER));
        let stream = TokioIo::new(WipedReads(stream));
        let (sender, driver) = http.handshake(stream).await?;
        Ok(Self {
            sender,
            driver: Some(driver),
            state: State::Open,
            sent,
            kept_since: None,
            stated_limit: None,
        })
    }

    /// Returns `true` if the connection has carried an earlier call.
    pub(super) fn is_kept(&self) -> bool {
        self.kept_since.is_some()
    }

    /// Returns how long the connection has been idle.
    pub(super) fn idle(&self) -> Duration {
        self.kept_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Returns `true` if the server has closed the connection, as far as the client has noticed.
    pub(super) fn is_closed(&self) -> bool {
        self.state != State::Open
    }

    /// Sends a request and reads the answer.
    ///
    /// [`CallError::NeverSent`] is certain: no byte of the request left this machine.
    pub(super) async fn exchange(
        &mut self,
        request: Request<CancellableBody>,
        deadline: Instant,
    ) -> CallResult<Answer> {
        self.sent.set(false);
        let exchanged = tokio::time::timeout_at(deadline, self.send_and_read(request)).await;
        exchanged.unwrap_or_else(|_| Err(self.failure("no answer in time".to_owned())))
    }

    async fn send_and_read(&mut self, request: Request<CancellableBody>) -> CallResult<Answer> {
        let response = self.sender.send_request(request);
        let response = self.drive(response).await;
        let (head, body) = response
            .map_err(|error| self.http_failure(&error))?
            .into_parts();
        if head.status == StatusCode::TOO_MANY_REQUESTS {
            // The connection may be checked with another call.
            let _ = self.drive(read_body(body)).await;
            return Err(self.refusal_of(head.status, &head.headers));
        }
        if head.status != StatusCode::OK {
            return Err(self.refusal_of(head.status, &head.headers));
        }
        answer_head::check(&head.headers)?;
        self.stated_limit = stated_limit(&head.headers);
        let body = self.drive(read_body(body)).await?;
        Ok(Answer {
            headers: head.headers,
            body,
        })
    }

    /// Returns `true` if the server has sent nothing beyond the answers so far.
    pub(super) async fn is_clean(&mut self) -> bool {
        self.drive(ready(())).await;
        self.state != State::Failed
    }

    /// Returns `true` if the connection is clean and can carry another call.
    pub(super) async fn is_reusable(&mut self) -> bool {
        self.is_clean().await && self.state == State::Open && self.sender.is_ready()
    }

    /// Lets the HTTP library work on the connection until `work` is done.
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Some(driver) = &mut self.driver
                && let Poll::Ready(end) = Pin::new(driver).poll(cx)
            {
                self.driver = None;
                self.state = end.map_or_else(|error| state_after(&error), |()| State::Closed);
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    fn http_failure(&self, error: &hyper::Error) -> CallError {
        if failure::is_cancelled(error) {
            return CallError::Cancelled;
        }
        self.failure(failure::with_causes(error))
    }

    /// The error of an answer that comes from something in front of the API.
    fn refusal_of(&self, status: StatusCode, headers: &HeaderMap) -> CallError {
        let retry_after = retry_after::read(headers, clock::now());
        let status = status.as_u16();
        match status {
            429 if !self.is_kept() => CallError::TurnedAway { retry_after },
            429 => CallError::Throttled {
                status,
                retry_after,
            },
            503 if retry_after.is_some() => CallError::Throttled {
                status,
                retry_after,
            },
            _ => CallError::Status(status),
        }
    }

    fn failure(&self, why: String) -> CallError {
        if self.sent.get() {
            CallError::Lost(why)
        } else {
            CallError::NeverSent(why)
        }
    }
}

/// A server that ends a connection rudely has sent nothing more.
fn state_after(error: &hyper::Error) -> State {
    if error.source().is_some_and(<dyn Error>::is::<io::Error>) {
        State::Closed
    } else {
        State::Failed
    }
}

async fn read_body(mut body: Incoming) -> CallResult<Zeroizing<Vec<u8>>> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_ANSWER {
        return Err(CallError::TooLarge);
    }
    let (mut bytes, mut pieces) = (Vec::with_capacity(announced), 0);
    while let Some(frame) = body.frame().await {
        pieces += 1;
        if pieces > MAX_PIECES {
            return Err(CallError::Malformed(
                "its body comes in too many pieces".to_owned(),
            ));
        }
        let frame = frame.map_err(|error| CallError::Lost(failure::with_causes(&error)))?;
        let chunk = frame.into_data().unwrap_or_default();
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(CallError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Zeroizing::new(bytes))
}
