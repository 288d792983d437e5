//! The HTTP server of this process: `/metrics`, and the routes that it is given. The worker does not depend on it, and no client of it delays orders.

mod guard;
pub(crate) mod metrics;
mod routes;
mod server;

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::net::TcpListener;
use tracing::{info, warn};

use self::{guard::Guard, metrics::Metrics};
use crate::config::AdminServer;

/// Serves `/metrics` and these routes for as long as the process runs, if there is an address. If another process uses the address, the worker
/// logs a warning and continues.
pub(crate) fn serve(
    config: &AdminServer,
    metrics: Arc<Metrics>,
    more: Router,
) -> impl Future<Output = ()> + Send + use<> {
    let listen = config.listen;
    let guard = listen.map(|address| Guard::new(address, config.token.as_ref()));
    async move {
        if let (Some(address), Some(guard)) = (listen, guard)
            && let Some(listener) = bind(address).await
        {
            let routes = routes::routes(guard, Arc::clone(&metrics), more);
            server::accept_connections(&listener, &routes, &metrics).await;
        }
    }
}

async fn bind(address: SocketAddr) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => {
            let address = listener.local_addr().unwrap_or(address);
            info!(url = format!("http://{address}/metrics"), "metrics served");
            Some(listener)
        }
        Err(error) => {
            warn!(%address, %error, "cannot serve metrics and health; `worker health` will ask the process that uses this address. Give each process on a machine its own admin.listen, or leave it empty");
            None
        }
    }
}
