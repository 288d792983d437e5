//! The HTTP server for the metrics of this process.

pub(crate) mod metrics;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tracing::{info, warn};

use self::metrics::Metrics;

/// The content type of Prometheus' text format.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// How long a client may take to send its request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Serves `/metrics` for as long as the process runs, if there is an address. The worker does not depend on it: if another
/// process uses the address, the worker logs a warning and continues.
pub(crate) async fn serve(listen: Option<SocketAddr>, metrics: Arc<Metrics>) {
    let Some(address) = listen else {
        return;
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            warn!(%address, %error, "cannot serve metrics; give each process on a machine its own admin.listen, or leave it empty");
            return;
        }
    };
    if let Ok(address) = listener.local_addr() {
        info!(url = format!("http://{address}/metrics"), "metrics served");
    }
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, Arc::clone(&metrics)));
            }
            // Most likely the process is out of file descriptors: some connection must end first.
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, metrics: Arc<Metrics>) {
    let service = service_fn(|request| {
        let response = respond(&request, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    // An error means that the client has closed the connection.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn respond(request: &Request<Incoming>, metrics: &Metrics) -> Response<String> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, metrics.text()),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "use GET\n".into()),
        _ => (StatusCode::NOT_FOUND, "the only path is /metrics\n".into()),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}
