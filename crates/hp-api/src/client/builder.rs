use std::{future::Future, time::Duration};

use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use url::Url;

use super::{
    base_url,
    build_error::BuildError,
    calls::Client,
    connector::Connector,
    extra_calls::ExtraCalls,
    http_request::{DATE_GMT, SIGN},
    observation::{CallObserver, HttpCall},
    pool::Pool,
    proxy::Proxy,
    random::RandomSource,
    span::Server,
    transport::Transport,
};
use crate::{
    ca_certificates::CaCertificates,
    sign::{Signer, Verifier},
    value::AppSecret,
};

/// What signs requests and verifies answers: an app secret, or a pair of RSA keys. Prints none of them. A clone is cheap.
///
/// It contains no secret and no text of a key, only what signatures are computed from. So a program that keeps it for a second
/// client need not keep the secret. [`ClientBuilder::build`] reports what cannot be used.
#[derive(Clone, Debug)]
pub struct SigningKeys(Result<(Signer, Verifier), BuildError>);

impl SigningKeys {
    /// The app secret.
    pub fn secret(secret: AppSecret) -> Self {
        Self(match secret.expose() {
            "" => Err(BuildError::EmptySecret),
            _ => Ok((Signer::secret(secret.clone()), Verifier::secret(secret))),
        })
    }

    /// The reseller's private key and the vendor's public key, both in PEM.
    pub fn rsa(private_key_pem: &str, server_public_key_pem: &str) -> Self {
        let signer = Signer::rsa(private_key_pem);
        let pair = signer.and_then(|signer| Ok((signer, Verifier::rsa(server_public_key_pem)?)));
        Self(pair.map_err(BuildError::from))
    }
}

/// Builds a [`Client`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    other_host: Option<String>,
    app_id: String,
    keys: SigningKeys,
    timeout: Duration,
    connect_timeout: Duration,
    authorities: Option<CaCertificates>,
    proxy: Option<Result<Proxy, BuildError>>,
    connect_hint: Option<String>,
    date_window: Duration,
    random: RandomSource,
    extra_calls: ExtraCalls,
    observer: CallObserver,
}

impl Client {
    /// Starts to build a client for a base URL and an app id.
    ///
    /// The base URL is `https://host[:port]`, with a host of the vendor: `api.hitpoints.com` or `api.sandbox.hitpoints.com`.
    /// This machine is allowed as well, also with `http://`. Any other host needs [`other_host`](ClientBuilder::other_host).
    pub fn builder(base_url: &str, app_id: &str) -> ClientBuilder {
        ClientBuilder::new(base_url, app_id)
    }
}

impl ClientBuilder {
    fn new(base_url: &str, app_id: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            other_host: None,
            app_id: app_id.to_owned(),
            keys: SigningKeys(Err(BuildError::NoKey)),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            authorities: None,
            proxy: None,
            connect_hint: None,
            date_window: Duration::from_mins(5),
            random: RandomSource::default(),
            extra_calls: ExtraCalls::default(),
            observer: CallObserver::default(),
        }
    }

    /// Allows a base URL with this host, which is neither one of the vendor nor this machine. It must be reached over TLS.
    pub fn other_host(mut self, host: &str) -> Self {
        self.other_host = Some(host.to_owned());
        self
    }

    /// Signs requests and verifies answers with the app secret.
    pub fn secret(self, secret: AppSecret) -> Self {
        self.keys(SigningKeys::secret(secret))
    }

    /// Signs requests with an RSA private key and verifies answers with the vendor's public key. Both keys are in PEM.
    pub fn rsa(self, private_key_pem: &str, server_public_key_pem: &str) -> Self {
        self.keys(SigningKeys::rsa(private_key_pem, server_public_key_pem))
    }

    /// Signs requests and verifies answers with keys that were read before.
    pub fn keys(mut self, keys: SigningKeys) -> Self {
        self.keys = keys;
        self
    }

    /// Sets the timeout of a whole call. The default is 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout for DNS, connection and TLS together. The default is 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts servers with a certificate of these authorities, in place of those that the operating system trusts.
    pub fn authorities(mut self, certificates: CaCertificates) -> Self {
        self.authorities = Some(certificates);
        self
    }

    /// Connects through an HTTP proxy: `http://[user:password@]host[:port]`.
    ///
    /// It opens a tunnel, so the proxy sees the address of the vendor and nothing of the calls. A connection to this
    /// machine without TLS does not use it.
    pub fn proxy(mut self, address: &str) -> Self {
        self.proxy = Some(Proxy::parse(address));
        self
    }

    /// Adds a sentence to the error of a connection that fails, for example about a setting.
    pub fn connect_hint(mut self, hint: &str) -> Self {
        self.connect_hint = Some(hint.to_owned());
        self
    }

    /// Sets how far the date of an answer may be from the clock of this machine. The default is 300 s.
    pub fn date_window(mut self, window: Duration) -> Self {
        self.date_window = window;
        self
    }

    /// Sets the source of randomness. Each attempt takes 128 bits from it for its `random_key` parameter.
    ///
    /// The default is a generator that the operating system seeds. A test can return fixed bits.
    pub fn random(mut self, bits: impl Fn() -> u128 + Send + Sync + 'static) -> Self {
        self.random = RandomSource::new(bits);
        self
    }

    /// Sets what to await before each HTTP request that a query needs beyond its first one: probes, controls, and checks of a
    /// connection. So the caller can count these requests for a rate limit. The default does not wait.
    pub fn before_extra_calls<F>(mut self, wait: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.extra_calls = ExtraCalls::new(wait);
        self
    }

    /// Sets what learns of each HTTP call when it has ended, for example to count it. A call of the client may need several: it
    /// also checks connections. The default learns nothing.
    ///
    /// It must return at once, because calls wait for it.
    pub fn observe_calls(mut self, observe: impl Fn(&HttpCall) + Send + Sync + 'static) -> Self {
        self.observer = CallObserver::new(observe);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = base_url::parse(&self.base_url, self.other_host.as_deref())?;
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return Err(BuildError::Timeout);
        }
        let headers = self.headers(&base)?;
        let (signer, verifier) = self.keys.0?;
        let mut connector = Connector::new(&base, self.authorities.as_ref(), self.connect_timeout)?;
        if let Some(proxy) = self.proxy {
            connector.use_proxy(proxy?);
        }
        if let Some(hint) = self.connect_hint {
            connector.set_hint(hint);
        }
        let transport = Transport {
            pool: Pool::new(connector),
            server: Server::new(&base),
            headers,
            timeout: self.timeout,
            signer,
            verifier,
            date_window: self.date_window,
            random: self.random,
            extra_calls: self.extra_calls,
            observer: self.observer,
        };
        Ok(Client::new(transport))
    }

    fn headers(&self, base: &Url) -> Result<HeaderMap, BuildError> {
        let is_visible = |byte: u8| byte.is_ascii_graphic();
        if self.app_id.is_empty() || !self.app_id.bytes().all(is_visible) {
            return Err(BuildError::AppId);
        }
        let app_id = HeaderValue::from_str(&self.app_id).map_err(|_| BuildError::AppId)?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let host = base[url::Position::BeforeHost..url::Position::AfterPort].try_into();
        let host = host.map_err(|_| BuildError::BaseUrl("has an unusable host".to_owned()))?;
        let client = HeaderValue::from_static(concat!("hp-api/", env!("CARGO_PKG_VERSION")));
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(HOST, host);
        headers.insert(USER_AGENT, client);
        headers.insert("appid", app_id);
        headers.insert(CONTENT_TYPE, form);
        // Each request replaces these two. So its copy of the map need not grow.
        headers.insert(DATE_GMT, HeaderValue::from_static(""));
        headers.insert(SIGN, HeaderValue::from_static(""));
        Ok(headers)
    }
}
