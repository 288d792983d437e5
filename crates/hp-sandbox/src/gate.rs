//! Who may call: the checks that come before a request is looked into, and the keys of both sides.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use hp_api::date;
use hp_api::sign::{Signer, Verifier};
use hyper::HeaderMap;

use crate::options::Options;
use crate::params::Params;
use crate::refused::{self, Refused};

pub(crate) struct Gate {
    app_id: String,
    window: Duration,
    verifier: Verifier,
}

impl Gate {
    /// The gate for requests, and the signer for answers.
    pub(crate) fn new(options: &Options) -> io::Result<(Self, Signer)> {
        let (verifier, signer) = keys(options)?;
        let gate = Self {
            app_id: options.app_id.clone(),
            window: options.date_window,
            verifier,
        };
        Ok((gate, signer))
    }

    /// Checks caller, date and signature.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        params: &Params<'_>,
        now: SystemTime,
    ) -> Result<(), Refused> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if header("appid") != Some(&self.app_id) {
            return Err(refused::SIGNATURE);
        }
        let date = header("date-gmt").ok_or(refused::DATE_MISSING)?;
        let signed_at = date::parse(date).ok_or(refused::DATE_MALFORMED)?;
        if distance(signed_at, now) > self.window {
            return Err(refused::DATE_EXPIRED);
        }
        let sign = header("sign").ok_or(refused::SIGNATURE)?;
        self.verifier
            .verify(&params.flat()?, date, sign)
            .map_err(|_| refused::SIGNATURE)
    }
}

fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b)
        .unwrap_or_else(|earlier| earlier.duration())
}

fn keys(options: &Options) -> io::Result<(Verifier, Signer)> {
    match (&options.rsa_client_key, &options.rsa_server_key) {
        (Some(client), Some(server)) => Ok((
            Verifier::rsa(&pem(client)?).map_err(|why| unusable(client, &why))?,
            Signer::rsa(&pem(server)?).map_err(|why| unusable(server, &why))?,
        )),
        (None, None) => Ok((
            Verifier::secret(options.app_secret.clone()),
            Signer::secret(options.app_secret.clone()),
        )),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "RSA needs both keys: the client's public and the server's private one",
        )),
    }
}

fn pem(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path).map_err(|why| unusable(path, &why))
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> io::Error {
    let text = format!("cannot use the key in {}: {why}", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
