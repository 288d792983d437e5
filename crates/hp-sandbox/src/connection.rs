//! HTTP on one connection, and the ways in which it breaks on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::payload::{Gone, Payload};
use crate::reply::{Answer, Reply, TEXT};
use crate::site::Site;

const LARGEST_BODY: usize = 64 * 1024;
const SIGN: HeaderName = HeaderName::from_static("sign");
const DATE: HeaderName = HeaderName::from_static("date-gmt");

/// Serves until it is aborted, which ends all connections too.
pub(crate) async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if site.vendor.mischief.refuses_connection() => reset(&stream),
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&site)));
                }
                // Out of descriptors, most likely; some connection must end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, site: Arc<Site>) {
    // Without it small answers would wait; where it cannot be set they are merely slower.
    let _ = stream.set_nodelay(true);
    let to_reset = AtomicBool::new(false);
    let service = service_fn(|request| respond(&site, &to_reset, request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error is a caller that left or a fault that was asked for: nobody is to be told.
    let _ = (&mut connection).await;
    if to_reset.load(Ordering::Relaxed) {
        reset(connection.into_parts().io.inner());
    }
}

/// Makes the end of this connection a reset.
fn reset(stream: &TcpStream) {
    // Fails only on a connection that is gone already.
    let _ = stream.set_zero_linger();
}

async fn respond(
    site: &Arc<Site>,
    to_reset: &AtomicBool,
    request: Request<Incoming>,
) -> Result<Response<Payload>, Gone> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(response(too_large()));
    };
    match site.reply(head, body.to_bytes()).await {
        Reply::Send(answer) => Ok(response(answer)),
        Reply::Close => Err(Gone),
        Reply::Reset => {
            to_reset.store(true, Ordering::Relaxed);
            Err(Gone)
        }
        Reply::Hold => {
            tokio::time::sleep(site.hold).await;
            Err(Gone)
        }
    }
}

fn response(answer: Answer) -> Response<Payload> {
    let mut response = Response::new(Payload::new(answer.body, answer.cut));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in [(SIGN, answer.sign), (DATE, answer.date)] {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    }
    response
}

fn too_large() -> Answer {
    Answer::plain(413, TEXT, "the body is larger than 64 KiB\n".to_owned())
}
