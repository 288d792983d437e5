use std::path::PathBuf;

use hp_api::{ClientCertificate, ClientCertificateError};
use hp_queue::{Client, ConnectOptions, QueueError};

use super::{
    fault::ConfigFault,
    pem_file::{CaFile, read_pem, unusable},
    secret::{Hidden, value_or_file},
    settings::RedisSettings,
};

const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Where Redis is, and how to connect to it.
#[derive(Debug)]
pub(crate) struct RedisAccess {
    /// May contain a password: never printed.
    pub(crate) url: Hidden,
    /// In place of the user and password of the address.
    pub(super) login: Option<Login>,
    pub(super) sentinel_login: Option<Login>,
    /// Whom to trust in place of the authorities of the operating system.
    pub(super) authorities: Option<CaFile>,
    pub(super) certificate: Option<CertificateFiles>,
}

/// A password, and whose it is.
#[derive(Debug)]
pub(super) struct Login {
    /// `None`: the default user.
    pub(super) username: Option<String>,
    password: Hidden,
}

/// A client certificate, and the files that it was read from.
#[derive(Debug)]
pub(super) struct CertificateFiles {
    pub(super) certificate_path: PathBuf,
    pub(super) key_path: PathBuf,
    certificate: ClientCertificate,
}

impl RedisAccess {
    /// Reads the files that the settings name and checks that nothing is missing.
    pub(super) fn read(settings: RedisSettings) -> Result<Self, ConfigFault> {
        let url = value_or_file("redis.url", settings.url, settings.url_file.as_deref())?;
        let username = value_or_file(
            "redis.username",
            settings.username,
            settings.username_file.as_deref(),
        )?;
        let password = value_or_file(
            "redis.password",
            settings.password,
            settings.password_file.as_deref(),
        )?;
        let sentinel_username = value_or_file(
            "redis.sentinel_username",
            settings.sentinel_username,
            settings.sentinel_username_file.as_deref(),
        )?;
        let sentinel_password = value_or_file(
            "redis.sentinel_password",
            settings.sentinel_password,
            settings.sentinel_password_file.as_deref(),
        )?;
        Ok(Self {
            url: url.unwrap_or_else(|| Hidden::from(DEFAULT_URL.to_owned())),
            login: Login::new("redis.", username, password)?,
            sentinel_login: Login::new("redis.sentinel_", sentinel_username, sentinel_password)?,
            authorities: CaFile::read("redis.ca_file", settings.ca_file)?,
            certificate: CertificateFiles::read(
                settings.client_cert_file,
                settings.client_key_file,
            )?,
        })
    }

    /// The client of Redis. Opens no connection.
    pub(super) fn client(&self) -> Result<Client, QueueError> {
        let mut options = ConnectOptions::default();
        if let Some(authorities) = &self.authorities {
            options = options.authorities(authorities.certificates.clone());
        }
        if let Some(files) = &self.certificate {
            options = options.client_certificate(files.certificate.clone());
        }
        if let Some(Login { username, password }) = &self.login {
            options = options.login(username.as_deref(), password.expose());
        }
        if let Some(Login { username, password }) = &self.sentinel_login {
            options = options.sentinel_login(username.as_deref(), password.expose());
        }
        options.open(self.url.expose())
    }

    /// `true` if the address says that the server has replicas.
    pub(super) fn is_replicated(&self) -> bool {
        self.url.expose().contains("+sentinel://")
    }
}

impl Login {
    /// `start` begins the keys of the two settings.
    fn new(
        start: &str,
        username: Option<String>,
        password: Option<Hidden>,
    ) -> Result<Option<Self>, ConfigFault> {
        match (username, password) {
            (username, Some(password)) => Ok(Some(Self { username, password })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(ConfigFault::Contradiction(format!(
                "{start}username is set without {start}password. Set {start}password or {start}password_file, or write the user into redis.url."
            ))),
        }
    }
}

impl CertificateFiles {
    fn read(
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Option<Self>, ConfigFault> {
        let (certificate_path, key_path) = match (certificate, key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(half(CERTIFICATE, KEY)),
            (None, Some(_)) => return Err(half(KEY, CERTIFICATE)),
        };
        let certificate = ClientCertificate::from_pem(
            &read_pem(CERTIFICATE, &certificate_path)?,
            &read_pem(KEY, &key_path)?,
        )
        .map_err(|error| match error {
            ClientCertificateError::Certificate(error) => unusable(CERTIFICATE, &error),
            ClientCertificateError::Key(error) => unusable(KEY, &error),
        })?;
        Ok(Some(Self {
            certificate_path,
            key_path,
            certificate,
        }))
    }
}

const CERTIFICATE: &str = "redis.client_cert_file";
const KEY: &str = "redis.client_key_file";

fn half(set: &str, missing: &str) -> ConfigFault {
    ConfigFault::Contradiction(format!(
        "{set} is set without {missing}. Set both, or remove {set}."
    ))
}
