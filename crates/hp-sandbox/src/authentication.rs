//! Authenticates requests, and loads the keys of both sides.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use hp_api::date;
use hp_api::sign::{Signer, Verifier};
use hyper::HeaderMap;

use crate::api_error::{self, ApiError};
use crate::options::Options;
use crate::params::Params;

pub(crate) struct Authenticator {
    app_id: String,
    date_window: Duration,
    verifier: Verifier,
}

impl Authenticator {
    /// Creates the authenticator of requests and the signer of answers.
    pub(crate) fn new(options: &Options) -> io::Result<(Self, Signer)> {
        let (verifier, signer) = load_keys(options)?;
        let authenticator = Self {
            app_id: options.app_id.clone(),
            date_window: options.date_window,
            verifier,
        };
        Ok((authenticator, signer))
    }

    /// Checks the APPID, the date and the signature of a request.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        params: &Params<'_>,
        now: SystemTime,
    ) -> Result<(), ApiError> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if header("appid") != Some(&self.app_id) {
            return Err(api_error::SIGNATURE);
        }
        let date = header("date-gmt").ok_or(api_error::DATE_MISSING)?;
        let signed_at = date::parse(date).ok_or(api_error::DATE_MALFORMED)?;
        if distance(signed_at, now) > self.date_window {
            return Err(api_error::DATE_EXPIRED);
        }
        let sign = header("sign").ok_or(api_error::SIGNATURE)?;
        self.verifier
            .verify(&params.signed_text()?, date, sign)
            .map_err(|_| api_error::SIGNATURE)
    }
}

fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b)
        .unwrap_or_else(|earlier| earlier.duration())
}

fn load_keys(options: &Options) -> io::Result<(Verifier, Signer)> {
    match (&options.rsa_client_key, &options.rsa_server_key) {
        (Some(client), Some(server)) => Ok((
            Verifier::rsa(&read_pem(client)?).map_err(|why| key_error(client, &why))?,
            Signer::rsa(&read_pem(server)?).map_err(|why| key_error(server, &why))?,
        )),
        (None, None) => Ok((
            Verifier::secret(options.app_secret.clone()),
            Signer::secret(options.app_secret.clone()),
        )),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "RSA needs both keys: the public key of the client and the private key of the server",
        )),
    }
}

fn read_pem(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path).map_err(|why| key_error(path, &why))
}

fn key_error(path: &Path, why: &dyn Display) -> io::Error {
    let text = format!("cannot use the key in {}: {why}", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
