use std::{error::Error, fmt, io, sync::Arc, time::Duration};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, CertificateError, ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};
use tower_service::Service;
use url::Url;

use super::{
    build_error::BuildError,
    connection::Connection,
    failure,
    proxy::Proxy,
    socket::{Sent, Socket, Stream},
    wiped_reads::WipedReads,
};
use crate::{
    ca_certificates::CaCertificates,
    call_error::{CallError, CallResult},
};

/// Makes connections to the vendor: DNS, TCP and TLS.
#[derive(Clone)]
pub(super) struct Connector {
    uri: Uri,
    tcp: HttpConnector,
    tls: Option<Tls>,
    proxy: Option<Proxy>,
    /// What an operator should know about a connection that fails.
    hint: Option<String>,
    timeout: Duration,
}

#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// The name in the server's certificate.
    pub(super) host: String,
}

impl Connector {
    pub(super) fn new(
        base: &Url,
        authorities: Option<&CaCertificates>,
        timeout: Duration,
    ) -> Result<Self, BuildError> {
        // A machine without TLS may have no root certificates.
        let tls = (base.scheme() == "https").then(|| Tls::new(base, authorities));
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
            proxy: None,
            hint: None,
            timeout,
        })
    }

    /// Connects through this proxy. A connection without TLS stays on this machine.
    pub(super) fn use_proxy(&mut self, proxy: Proxy) {
        self.proxy = Some(proxy).filter(|_| self.tls.is_some());
    }

    pub(super) fn set_hint(&mut self, hint: String) {
        self.hint = Some(hint);
    }

    /// Makes a connection. A failure proves that no request was sent.
    pub(super) async fn connect(&self) -> CallResult<Connection> {
        // In a box, because the future of a call is large enough without it.
        let connected = timeout(self.timeout, Box::pin(self.open()))
            .await
            .unwrap_or_else(|_| {
                Err(format!("no connection within {} ms", self.timeout.as_millis()).into())
            });
        connected.map_err(|error| {
            let why = failure::with_causes(&*error);
            CallError::NeverSent(match &self.hint {
                Some(hint) => format!("{why} ({hint})"),
                None => why,
            })
        })
    }

    async fn open(&self) -> Result<Connection, Box<dyn Error + Send + Sync>> {
        let tcp = self.open_tcp().await?;
        let sent = Sent::default();
        let socket = Socket::new(tcp, sent.clone());
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(socket),
            Some(Tls { config, host }) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let name = ServerName::try_from(host.clone())?;
                // The TLS library decrypts in the buffer that it reads into.
                let handshake = connector.connect(name, WipedReads(socket)).await;
                Box::new(handshake.map_err(|error| tls_failure(&error))?)
            }
        };
        Ok(Connection::open(stream, sent).await?)
    }

    async fn open_tcp(&self) -> Result<TcpStream, Box<dyn Error + Send + Sync>> {
        let mut tcp = self.tcp.clone();
        let Some(proxy) = &self.proxy else {
            return Ok(tcp.call(self.uri.clone()).await?.into_inner());
        };
        let opened = tcp.call(proxy.uri().clone()).await;
        let why = |error| {
            format!(
                "cannot connect to the proxy {proxy}: {}",
                failure::with_causes(&error)
            )
        };
        let mut tcp = opened.map_err(why)?.into_inner();
        proxy.open_tunnel(&mut tcp, &self.target()).await?;
        Ok(tcp)
    }

    /// The host of the vendor with its port.
    fn target(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        format!("{host}:{}", self.uri.port_u16().unwrap_or(443))
    }
}

fn tls_failure(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let is_unknown = matches!(
        cause,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer
        ))
    );
    let remedy = if is_unknown {
        "; no authority that this machine trusts has issued the certificate: trust its authority (api.ca_file)"
    } else {
        ""
    };
    format!("TLS failed: {error}{remedy}")
}

impl Tls {
    fn new(base: &Url, authorities: Option<&CaCertificates>) -> Result<Self, BuildError> {
        let host = base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            config: Arc::new(config(authorities)?),
            host: host.to_owned(),
        })
    }
}

/// Trusts these authorities, or those that the operating system trusts.
fn config(authorities: Option<&CaCertificates>) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let config = match authorities {
        Some(authorities) => versions.with_root_certificates(roots(authorities)?),
        None => versions.with_platform_verifier().map_err(unusable)?,
    };
    Ok(config.with_no_client_auth())
}

fn roots(authorities: &CaCertificates) -> Result<RootCertStore, BuildError> {
    let mut roots = RootCertStore::empty();
    for der in authorities.ders() {
        let added = roots.add(CertificateDer::from(der.to_vec()));
        added.map_err(|error| BuildError::CaCertificates(error.to_string()))?;
    }
    Ok(roots)
}

fn unusable(error: impl Error + 'static) -> BuildError {
    BuildError::Http(failure::with_causes(&error))
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.uri)
    }
}
