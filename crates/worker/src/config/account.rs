use hp_api::{AppSecret, SigningKeys};

use super::{
    fault::{ConfigFault, variable},
    pem_file::{CaFile, pem_or_file},
    secret::{Hidden, value_or_file},
    settings::ApiSettings,
};

/// The account at HitPoints that pays for the orders.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) base_url: String,
    pub(crate) other_host: Option<String>,
    pub(crate) app_id: String,
    pub(crate) key: Key,
    /// Whom to trust in place of the authorities of the operating system.
    pub(crate) authorities: Option<CaFile>,
    /// May contain a password: never printed.
    pub(crate) proxy: Option<Hidden>,
}

/// What signs the requests. It does not keep the secret itself, nor the texts of the keys.
#[derive(Debug)]
pub(crate) enum Key {
    /// The account's secret, with HMAC.
    Secret(SigningKeys),
    /// Two keys in PEM: the reseller's private key, and the public key of HitPoints.
    Rsa(SigningKeys),
}

impl Account {
    /// The name of the account in the queue: app id and origin. It tells accounts apart however their address is written.
    pub(crate) fn name(&self) -> hp_queue::Account {
        hp_queue::Account::new(&self.app_id, &origin(&self.base_url))
    }

    /// Reads the files that the settings name and checks that nothing is missing.
    pub(super) fn read(settings: ApiSettings) -> Result<Self, ConfigFault> {
        let base_url = settings.base_url.ok_or_else(|| {
            missing(
                "api.base_url",
                "Choose https://api.hitpoints.com or https://api.sandbox.hitpoints.com",
            )
        })?;
        let app_id = value_or_file(
            "api.app_id",
            settings.app_id,
            settings.app_id_file.as_deref(),
        )?
        .ok_or_else(|| missing("api.app_id", "Give the developer id of the account"))?;
        let secret = value_or_file(
            "api.app_secret",
            settings.app_secret,
            settings.app_secret_file.as_deref(),
        )?;
        let private = pem_or_file(
            "api.rsa_private_key",
            settings.rsa_private_key,
            settings.rsa_private_key_file.as_deref(),
        )?;
        let server = pem_or_file(
            "api.rsa_server_key",
            settings.rsa_server_key,
            settings.rsa_server_key_file.as_deref(),
        )?;
        let proxy = value_or_file("api.proxy", settings.proxy, settings.proxy_file.as_deref())?;
        Ok(Self {
            base_url,
            other_host: settings.other_host,
            app_id,
            key: Key::choose(secret, private, server)?,
            authorities: CaFile::read("api.ca_file", settings.ca_file)?,
            proxy,
        })
    }
}

/// The scheme, the host and a port other than the usual one of an address that has nothing else.
fn origin(base_url: &str) -> String {
    let address = base_url.trim().trim_end_matches('/').to_ascii_lowercase();
    let usual_port = if address.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    let origin = address.strip_suffix(usual_port).unwrap_or(&address);
    origin.to_owned()
}

impl Key {
    /// Prefers RSA if both kinds are set.
    fn choose(
        secret: Option<Hidden>,
        private: Option<Hidden>,
        server: Option<Hidden>,
    ) -> Result<Self, ConfigFault> {
        match (secret, private, server) {
            (_, Some(private), Some(server)) => {
                let keys = SigningKeys::rsa(private.expose(), server.expose());
                Ok(Self::Rsa(keys))
            }
            (_, Some(_), None) => Err(missing(
                "api.rsa_server_key_file",
                "Name the file with the public key of HitPoints in PEM",
            )),
            (_, None, Some(_)) => Err(missing(
                "api.rsa_private_key_file",
                "Name the file with your own private key in PEM",
            )),
            (Some(secret), None, None) => {
                let secret = AppSecret::from(secret.into_inner());
                Ok(Self::Secret(SigningKeys::secret(secret)))
            }
            (None, None, None) => Err(missing("api.app_secret", "Give the secret of the account")),
        }
    }
}

fn missing(key: &str, remedy: &str) -> ConfigFault {
    ConfigFault::Missing {
        key: key.into(),
        variable: variable(key),
        remedy: remedy.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origin_is_the_same_however_it_is_written() {
        for address in [
            "https://api.hitpoints.com",
            "https://API.hitpoints.com/",
            "https://api.hitpoints.com:443",
        ] {
            assert_eq!(origin(address), "https://api.hitpoints.com");
        }
        assert_eq!(origin("http://127.0.0.1:8700/"), "http://127.0.0.1:8700");
        assert_eq!(origin("https://host:8443"), "https://host:8443");
    }
}
