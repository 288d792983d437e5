//! HTTP on one connection, and the faults that break a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::handler::Handler;
use crate::reply::{Answer, Reply, TEXT};
use crate::response_body::{ClosedOnPurpose, ResponseBody};
use crate::surplus::{NextSurplus, SurplusStream};

const MAX_BODY_BYTES: usize = 64 * 1024;
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
const SIGN: HeaderName = HeaderName::from_static("sign");
const DATE: HeaderName = HeaderName::from_static("date-gmt");

/// Accepts connections until the task is aborted, which also ends all connections.
pub(crate) async fn serve(listener: TcpListener, handler: Arc<Handler>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if handler.vendor.faults.refuses_connection() => reset(&stream),
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, Arc::clone(&handler)));
                }
                // Probably too many open files: wait until another connection ends.
                Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, handler: Arc<Handler>) {
    // Without this option the system delays small answers. A failure only makes them slower.
    let _ = stream.set_nodelay(true);
    let must_reset = AtomicBool::new(false);
    let surplus = NextSurplus::default();
    let stream = SurplusStream::new(stream, surplus.clone());
    let service = service_fn(|request| respond(&handler, &must_reset, &surplus, request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // The error is a client that disconnected, or an injected fault. Neither needs a report.
    let _ = (&mut connection).await;
    if must_reset.load(Ordering::Relaxed) {
        reset(&connection.into_parts().io.inner().tcp);
    }
}

/// Makes the system reset this connection when it is closed.
fn reset(stream: &TcpStream) {
    // Fails only if the connection is already closed.
    let _ = stream.set_zero_linger();
}

async fn respond(
    handler: &Arc<Handler>,
    must_reset: &AtomicBool,
    surplus: &NextSurplus,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ClosedOnPurpose> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(response(body_too_large()));
    };
    match handler.handle(head, body.to_bytes()).await {
        Reply::Send(answer) => {
            if let Some(delay) = answer.surplus {
                surplus.set(delay);
            }
            Ok(response(answer))
        }
        Reply::Close => Err(ClosedOnPurpose),
        Reply::Reset => {
            must_reset.store(true, Ordering::Relaxed);
            Err(ClosedOnPurpose)
        }
        Reply::Stall => {
            tokio::time::sleep(handler.stall_time).await;
            Err(ClosedOnPurpose)
        }
    }
}

fn response(answer: Answer) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::new(answer.body, answer.truncated));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if let Some(time) = answer.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(time));
    }
    for (name, value) in [(SIGN, answer.sign), (DATE, answer.date)] {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    }
    response
}

fn body_too_large() -> Answer {
    Answer::new(413, TEXT, "the body is larger than 64 KiB\n".to_owned())
}
