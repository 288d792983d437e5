//! Where the admin server listens, and the token that it demands.

use std::net::SocketAddr;

use super::{
    fault::ConfigFault,
    secret::{Hidden, value_or_file},
    settings::AdminSettings,
};

/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

/// The admin server of this process.
#[derive(Debug)]
pub(crate) struct AdminServer {
    /// No address: the process has no admin server.
    pub(crate) listen: Option<SocketAddr>,
    /// What a request must present, if there is one.
    pub(crate) token: Option<Hidden>,
}

impl AdminServer {
    /// Reads the token. Fails if other machines could connect without one.
    pub(super) fn read(settings: AdminSettings) -> Result<Self, ConfigFault> {
        let is_in_file = settings.token_file.is_some();
        let file = settings.token_file.as_deref();
        let token = value_or_file("admin.token", settings.token, file)?;
        if let Some(token) = &token {
            check_token(token.expose(), is_in_file)?;
        }
        let listen = settings.listen.0;
        match listen {
            Some(address) if token.is_none() && !address.ip().to_canonical().is_loopback() => {
                Err(open_to_others(address))
            }
            _ => Ok(Self { listen, token }),
        }
    }
}

fn open_to_others(address: SocketAddr) -> ConfigFault {
    ConfigFault::Contradiction(format!(
        "admin.listen is {address}, which other machines can reach, and there is no token. Set admin.token_file or admin.token, or listen on 127.0.0.1."
    ))
}

/// Accepts what RFC 6750 allows as a bearer token.
fn check_token(token: &str, is_in_file: bool) -> Result<(), ConfigFault> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let why = if token.len() < SHORTEST_TOKEN {
        "is shorter than 16 characters, so it could be guessed."
    } else if !token.chars().all(is_allowed) {
        "has characters that a bearer token must not have. Use only letters, digits and -._~+/=."
    } else {
        return Ok(());
    };
    let key = if is_in_file {
        "admin.token_file"
    } else {
        "admin.token"
    };
    Err(ConfigFault::Value {
        key: key.into(),
        reason: format!("{why} Make one with: openssl rand -hex 32"),
    })
}
