use std::{sync::Arc, time::Duration};

use reqwest::{
    Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect,
};

use super::{Client, base_url, random::RandomSource, transport::Transport};
use crate::{
    sign::{KeyError, Signer, Verifier},
    value::AppSecret,
};

/// Settings of a [`Client`] to be.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    base_url: String,
    app_id: String,
    keys: Result<(Signer, Verifier), BuildError>,
    timeout: Duration,
    connect_timeout: Duration,
    date_window: Duration,
    random: RandomSource,
}

/// Why a client cannot be built; what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL cannot be used.
    #[error("the base URL {0}")]
    BaseUrl(String),
    /// The app id cannot be sent in a header.
    #[error("the app id is empty or has characters other than visible ASCII")]
    AppId,
    /// Neither a secret nor RSA keys were given.
    #[error("no key to sign with: give the app secret or a pair of RSA keys")]
    NoKey,
    /// The app secret is empty.
    #[error("the app secret is empty")]
    EmptySecret,
    /// An RSA key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No time is left for a call, or for connecting.
    #[error("a timeout of zero leaves no time for a call")]
    Timeout,
    /// The HTTP client could not be set up, for instance for want of root certificates.
    #[error("the HTTP client cannot be set up: {0}; are root certificates installed?")]
    Http(String),
}

impl Builder {
    pub(super) fn new(base_url: &str, app_id: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            app_id: app_id.to_owned(),
            keys: Err(BuildError::NoKey),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            date_window: Duration::from_mins(5),
            random: RandomSource::default(),
        }
    }

    /// Signs and verifies with the app secret.
    pub fn secret(mut self, secret: AppSecret) -> Self {
        self.keys = match secret.expose() {
            "" => Err(BuildError::EmptySecret),
            _ => Ok((Signer::secret(secret.clone()), Verifier::secret(secret))),
        };
        self
    }

    /// Signs with an RSA private key, and verifies with the vendor's public key; both in PEM.
    pub fn rsa(mut self, private_key_pem: &str, server_public_key_pem: &str) -> Self {
        let signer = Signer::rsa(private_key_pem);
        let pair = signer.and_then(|signer| Ok((signer, Verifier::rsa(server_public_key_pem)?)));
        self.keys = pair.map_err(BuildError::from);
        self
    }

    /// Most time for a whole call, 30 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Most time for the name, the connection and TLS together, 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How far an answer's date may be from this machine's clock, 300 s by default.
    pub fn date_window(mut self, window: Duration) -> Self {
        self.date_window = window;
        self
    }

    /// Sets where the random bits of `random_key` come from. The default is a generator that the operating system seeds.
    ///
    /// A test can give fixed bits. In production, 128 unpredictable bits are expected from each call.
    pub fn random(mut self, bits: impl Fn() -> u128 + Send + Sync + 'static) -> Self {
        self.random = RandomSource::new(bits);
        self
    }

    /// # Errors
    /// When a setting cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = base_url::check(&self.base_url)?;
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return Err(BuildError::Timeout);
        }
        let http = self.http(&base)?;
        let (signer, verifier) = self.keys?;
        let transport = Transport {
            http,
            base,
            signer,
            verifier,
            date_window: self.date_window,
            random: self.random,
        };
        Ok(Client(Arc::new(transport)))
    }

    /// Nothing here sends a request on its own: no redirect is followed, and nothing repeated. (What
    /// hyper puts on another connection had not begun on the first.)
    fn http(&self, base: &Url) -> Result<reqwest::Client, BuildError> {
        let mut builder = reqwest::Client::builder()
            .default_headers(self.headers()?)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            // Shorter than servers usually wait: a request on a connection that the server has just
            // closed is lost, and has to be asked about.
            .pool_idle_timeout(Duration::from_secs(10))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .user_agent(concat!("hp-api/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Spares a machine without TLS the search for root certificates.
            builder = builder.tls_certs_only([]);
        }
        builder
            .build()
            .map_err(|error| BuildError::Http(super::failure::chain(&error)))
    }

    fn headers(&self) -> Result<HeaderMap, BuildError> {
        let visible = |byte: u8| byte.is_ascii_graphic();
        if self.app_id.is_empty() || !self.app_id.bytes().all(visible) {
            return Err(BuildError::AppId);
        }
        let app_id = HeaderValue::from_str(&self.app_id).map_err(|_| BuildError::AppId)?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert("appid", app_id);
        headers.insert(CONTENT_TYPE, form);
        Ok(headers)
    }
}
