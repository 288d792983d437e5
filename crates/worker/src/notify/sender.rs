//! Sends messages over HTTP.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{Client, Response, StatusCode, header::HeaderMap, redirect::Policy};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;
use tokio_rustls::rustls::{ClientConfig, crypto::ring};

use super::{
    delivery::{Failure, FailureScope},
    message::Message,
    sign::sign,
};
use crate::{clock, config::Notify, terminal::CommandError};

/// The limit of a whole POST: look-up of the name, connection, TLS and answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const MOST_READ: usize = 2048;

/// The client of the receiver. Follows no redirect, uses no proxy, keeps no cookies.
pub(super) struct Sender {
    notify: Arc<Notify>,
    client: Client,
}

/// What the receiver has answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The start of the answer.
    pub(super) text: String,
    retry_after: Option<Duration>,
}

impl Sender {
    pub(super) fn new(notify: Arc<Notify>) -> Result<Self, CommandError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(1)
            .timeout(TIMEOUT)
            .user_agent(concat!("hitpoints-worker/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| words(&error.without_url()))?;
        Ok(Self { notify, client })
    }

    /// Sends a message. The error says why there was no answer, without the address.
    pub(super) async fn post(&self, message: &Message) -> Result<Answer, String> {
        let now = clock::now();
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut request = self
            .client
            .post(self.notify.url().clone())
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", seconds);
        if let Some(secret) = &self.notify.secret {
            let signature = sign(secret, &message.id, seconds, &message.body);
            request = request.header("webhook-signature", signature);
        }
        let answered = async {
            let response = request.body(message.body.clone()).send().await;
            let response = response.map_err(|error| words(&error.without_url()))?;
            Ok(Answer::read(response, now).await)
        };
        // The client's own limit begins after the look-up of the name in some cases.
        let answered = timeout(TIMEOUT, answered).await;
        answered.unwrap_or_else(|_| Err(format!("no answer within {TIMEOUT:?}")))
    }
}

impl Answer {
    /// Reads the start of the answer. Its end does not matter: the status has decided.
    async fn read(mut response: Response, now: SystemTime) -> Self {
        let mut bytes = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                bytes.extend_from_slice(&chunk);
                if bytes.len() >= MOST_READ {
                    break;
                }
            }
        };
        let _ = timeout(Duration::from_secs(1), read).await;
        bytes.truncate(MOST_READ);
        Self {
            status: response.status(),
            retry_after: retry_after(response.headers(), now),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// `Ok` if the receiver has accepted the message.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let scope = match self.status.as_u16() {
            200..300 => return Ok(()),
            408 | 425 | 429 | 503 => FailureScope::Receiver(self.retry_after),
            300..400 => FailureScope::Receiver(None),
            400..500 => FailureScope::Message,
            _ => FailureScope::Unclear,
        };
        let reason = format!("the receiver answered {}", self.status);
        Err(Failure { reason, scope })
    }
}

/// TLS with the authorities that the operating system trusts.
fn tls() -> Result<ClientConfig, CommandError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?;
    Ok(config.with_no_client_auth())
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(now).ok()
}

/// An error with its causes. Those of a connection say more than the error itself.
fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}
