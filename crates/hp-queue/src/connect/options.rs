use std::fmt;

use hp_api::{CaCertificates, ClientCertificate};
use redis::{ClientTlsConfig, ConnectionInfo, RedisConnectionInfo, TlsCertificates};
use tokio_rustls::rustls::{
    Error, InconsistentKeys,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

/// What an address does not say about its connections: certificates, users and passwords. They hold for every server to which
/// the address leads: the nodes of a cluster, and the Sentinels and the master that they name.
///
/// `Debug` prints no password and no key.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    pub(super) authorities: Option<CaCertificates>,
    pub(super) certificate: Option<ClientCertificate>,
    pub(super) login: Option<Login>,
    pub(super) sentinel_login: Option<Login>,
}

impl ConnectOptions {
    /// Trusts a server only if one of these authorities has issued its certificate. Without it the authorities of the
    /// operating system count. Needs an address with TLS.
    #[must_use]
    pub fn authorities(mut self, authorities: CaCertificates) -> Self {
        self.authorities = Some(authorities);
        self
    }

    /// Identifies itself to every server with this certificate. Needs an address with TLS.
    #[must_use]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Logs in with this password, as this user or as the default user. The address must have neither.
    #[must_use]
    pub fn login(mut self, username: Option<&str>, password: &str) -> Self {
        self.login = Some(Login::new(username, password));
        self
    }

    /// Logs in to Sentinels with this password, as this user or as the default user. Needs an address of Sentinels, and it
    /// must have neither.
    #[must_use]
    pub fn sentinel_login(mut self, username: Option<&str>, password: &str) -> Self {
        self.sentinel_login = Some(Login::new(username, password));
        self
    }

    /// The certificates in the form of the library. `None`: the library's own choice.
    pub(super) fn certificates(&self) -> Option<TlsCertificates> {
        if self.authorities.is_none() && self.certificate.is_none() {
            return None;
        }
        Some(TlsCertificates {
            client_tls: self
                .certificate
                .as_ref()
                .map(|certificate| ClientTlsConfig {
                    client_cert: certificate.chain_pem().into(),
                    client_key: certificate.key_pem().as_bytes().into(),
                }),
            root_cert: self
                .authorities
                .as_ref()
                .map(|authorities| authorities.to_pem().into()),
        })
    }
}

/// A user and a password.
#[derive(Clone)]
pub(super) struct Login {
    username: Option<String>,
    password: Zeroizing<String>,
}

impl Login {
    fn new(username: Option<&str>, password: &str) -> Self {
        Self {
            username: username.map(str::to_owned),
            password: Zeroizing::new(password.to_owned()),
        }
    }

    pub(super) fn add_to(&self, settings: RedisConnectionInfo) -> RedisConnectionInfo {
        let settings = settings.set_password(self.password.as_str());
        match &self.username {
            Some(username) => settings.set_username(username),
            None => settings,
        }
    }

    pub(super) fn add_to_all(&self, nodes: &mut [ConnectionInfo]) {
        for node in nodes {
            let settings = self.add_to(node.redis_settings().clone());
            *node = node.clone().set_redis_settings(settings);
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?})", self.username)
    }
}

/// Fails if the key cannot be used, or belongs to another certificate.
pub(super) fn check_key(certificate: &ClientCertificate) -> Result<(), String> {
    let chain = certificate.chain().map(CertificateDer::from_slice);
    let chain = chain.map(CertificateDer::into_owned).collect();
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes());
    let key = key.map_err(|_| "its private key cannot be read")?;
    let key = any_supported_type(&key).map_err(|_| {
        "its private key is of a kind that is not supported; use an RSA key of 2048 bits or more, or one for P-256, P-384 or Ed25519".to_owned()
    })?;
    match CertifiedKey::new(chain, key).keys_match() {
        // Some kinds of keys cannot be compared.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(Error::InconsistentKeys(_)) => {
            Err("its private key belongs to another certificate".into())
        }
        Err(_) => Err("it cannot be read".into()),
    }
}
