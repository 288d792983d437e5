use std::{error::Error, fmt, sync::Arc, time::Duration};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, crypto::aws_lc_rs, pki_types::ServerName},
};
use tower_service::Service;
use url::Url;

use super::{
    build_error::BuildError,
    connection::Connection,
    failure,
    socket::{Sent, Socket},
};
use crate::call_error::{CallError, CallResult};

/// Makes connections to the vendor: DNS, TCP and TLS.
#[derive(Clone)]
pub(super) struct Connector {
    uri: Uri,
    tcp: HttpConnector,
    tls: Option<Tls>,
    timeout: Duration,
}

#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// The name in the server's certificate.
    pub(super) host: String,
}

/// A connection as bytes, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connector {
    pub(super) fn new(base: &Url, timeout: Duration) -> Result<Self, BuildError> {
        // A machine without TLS may have no root certificates.
        let tls = (base.scheme() == "https").then(|| Tls::new(base));
        Self::with_tls(base, tls.transpose()?, timeout)
    }

    pub(super) fn with_tls(
        base: &Url,
        tls: Option<Tls>,
        timeout: Duration,
    ) -> Result<Self, BuildError> {
        let uri = base.as_str().parse().map_err(unusable)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // The connector divides this time between the addresses of a name.
        tcp.set_connect_timeout(Some(timeout));
        Ok(Self {
            uri,
            tcp,
            tls,
            timeout,
        })
    }

    /// Makes a connection. A failure proves that no request was sent.
    pub(super) async fn connect(&self) -> CallResult<Connection> {
        let connected = timeout(self.timeout, self.open())
            .await
            .unwrap_or_else(|_| {
                Err(format!("no connection within {} ms", self.timeout.as_millis()).into())
            });
        connected.map_err(|error| CallError::NeverSent(failure::with_causes(&*error)))
    }

    async fn open(&self) -> Result<Connection, Box<dyn Error + Send + Sync>> {
        let tcp = self.tcp.clone().call(self.uri.clone()).await?.into_inner();
        let sent = Sent::default();
        let socket = Socket::new(tcp, sent.clone());
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(socket),
            Some(Tls { config, host }) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let name = ServerName::try_from(host.clone())?;
                let handshake = connector.connect(name, socket).await;
                Box::new(handshake.map_err(|error| format!("TLS failed: {error}"))?)
            }
        };
        Ok(Connection::open(stream, sent).await?)
    }
}

impl Tls {
    fn new(base: &Url) -> Result<Self, BuildError> {
        let host = base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            config: Arc::new(platform_config().map_err(unusable)?),
            host: host.to_owned(),
        })
    }
}

/// Trusts the certificates that the operating system trusts.
fn platform_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions?.with_platform_verifier()?.with_no_client_auth())
}

fn unusable(error: impl Error + 'static) -> BuildError {
    BuildError::Http(failure::with_causes(&error))
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.uri)
    }
}
