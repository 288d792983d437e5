//! A connection that sends a second answer after one request.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// The refusal 400100, which HitPoints does not sign.
const SURPLUS: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 90\r\n\r\n\
    {\"code\":400100,\"message\":\"bad request parameter, parameter validate fail\",\"success\":false}";

/// The delay of the surplus answer that follows the next answer, if one follows.
#[derive(Clone, Default)]
pub(crate) struct NextSurplus(Arc<Mutex<Option<Duration>>>);

/// A TCP connection that sends surplus answers.
pub(crate) struct SurplusStream {
    pub(crate) tcp: TcpStream,
    next: NextSurplus,
    /// The answer that a surplus follows at once, so that both leave in one packet.
    buffer: Vec<u8>,
    delayed: Option<Pin<Box<Sleep>>>,
}

impl NextSurplus {
    pub(crate) fn set(&self, delay: Duration) {
        *self.lock() = Some(delay);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SurplusStream {
    pub(crate) fn new(tcp: TcpStream, next: NextSurplus) -> Self {
        Self {
            tcp,
            next,
            buffer: Vec::new(),
            delayed: None,
        }
    }

    fn append_surplus(&mut self) {
        match self.next.lock().take() {
            None => {}
            Some(Duration::ZERO) => self.buffer.extend_from_slice(SURPLUS),
            Some(delay) => self.delayed = Some(Box::pin(sleep(delay))),
        }
    }

    fn send_delayed(&mut self, cx: &mut Context<'_>) {
        if let Some(delay) = &mut self.delayed
            && delay.as_mut().poll(cx).is_ready()
        {
            self.delayed = None;
            // Fails only if the client has closed the connection.
            let _ = self.tcp.try_write(SURPLUS);
        }
    }
}

impl AsyncRead for SurplusStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper reads all the time, so it also polls the delay.
        self.send_delayed(cx);
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SurplusStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let is_buffered = !self.buffer.is_empty() || self.next.lock().is_some();
        if is_buffered {
            self.buffer.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { tcp, buffer, .. } = &mut *self;
        if buffer.is_empty() {
            return Pin::new(tcp).poll_flush(cx);
        }
        self.append_surplus();
        let Self { tcp, buffer, .. } = &mut *self;
        while !buffer.is_empty() {
            let written = ready!(Pin::new(&mut *tcp).poll_write(cx, buffer))?;
            buffer.drain(..written);
        }
        Pin::new(tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
