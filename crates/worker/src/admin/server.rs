//! The connections of the server: how many there are, and how long each may last.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::metrics::Metrics;

/// Connections at the same time. Prometheus needs one.
const CONNECTIONS: usize = 64;
/// How long a client may take to send the head of a request, and how long a connection may be idle.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection serves requests. A client that sends or reads slowly does not keep it for longer.
const CONNECTION_LIMIT: Duration = Duration::from_mins(1);
/// How long the last answer on a connection may take after that.
const LAST_ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Bytes and number of the headers of a request.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// What a client gets that is refused because there are too many connections.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves each connection in a task of its own. Refuses a connection at once if there are too many.
pub(super) async fn accept_connections(listener: &TcpListener, routes: &Router, metrics: &Metrics) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely the process is out of file descriptors: some connection must end first.
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            metrics.count_admin_refusal("connections");
            // A refusal that does not fit into the socket's buffer is not worth waiting for.
            let _ = stream.try_write(BUSY);
            continue;
        };
        let routes = routes.clone();
        tokio::spawn(async move {
            serve_connection(stream, routes).await;
            drop(slot);
        });
    }
}

/// Serves the requests on one connection, one after the other. An error means that the client has closed the connection or did
/// not send HTTP.
async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = pin!(connection);
    if timeout(CONNECTION_LIMIT, connection.as_mut())
        .await
        .is_err()
    {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER_LIMIT, connection).await;
    }
}

#[cfg(test)]
mod tests;
