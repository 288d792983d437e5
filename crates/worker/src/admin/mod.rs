//! What a process tells over HTTP to those who watch it.

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

use crate::metrics::Metrics;

/// Of Prometheus' text format.
const TEXT: HeaderValue =
    HeaderValue::from_static("text/escape_control; version=0.0.4; charset=utf-8");
/// How long a caller may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves `/metrics` for as long as the process runs, if an address is given. Buying cards does not depend on it:
/// where the address cannot be had, the log says so and that is all.
pub(crate) async fn serve(listen: Option<SocketAddr>, metrics: Arc<Metrics>) {
    let Some(address) = listen else {
        return;
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            warn!(%address, %error, "no metrics from this process: give each one on a machine an admin.listen of its own, or an empty one");
            return;
        }
    };
    if let Ok(address) = listener.local_addr() {
        info!("metrics are at http://{address}/metrics");
    }
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(stream, Arc::clone(&metrics)));
            }
            // Out of descriptors, most likely: some connection must end first.
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn answer(stream: TcpStream, metrics: Arc<Metrics>) {
    let service = service_fn(|request| {
        let response = respond(&request, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    // An error is a caller that left: nobody is to be told.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn respond(request: &Request<Incoming>, metrics: &Metrics) -> Response<String> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, metrics.text()),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "GET it\n".into()),
        _ => (StatusCode::NOT_FOUND, "there is /metrics\n".into()),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}
