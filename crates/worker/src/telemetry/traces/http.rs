//! Sends requests to the collector.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::{blocking::Client, redirect::Policy};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::rustls::{ClientConfig, crypto::ring};

use super::destination::Destination;

/// The client of the collector. Follows no redirect and uses no proxy. It blocks, so only a thread without tokio may use it.
#[derive(Debug)]
pub(super) struct CollectorClient {
    client: Client,
    destination: Destination,
    failure: LastFailure,
}

/// Why the last request failed. The error of the library does not say it.
#[derive(Clone, Debug, Default)]
pub(super) struct LastFailure(Arc<Mutex<String>>);

impl LastFailure {
    pub(super) fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, text: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

impl CollectorClient {
    /// Builds the client in a thread of its own, because it must not be built where tokio runs.
    pub(super) fn build(
        destination: Destination,
        failure: LastFailure,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let timeout = destination.timeout;
        let build = move || -> Result<Client, Box<dyn Error + Send + Sync>> {
            let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_platform_verifier()?
                .with_no_client_auth();
            let client = Client::builder()
                .tls_backend_preconfigured(tls)
                .redirect(Policy::none())
                .no_proxy()
                .retry(reqwest::retry::never())
                .pool_max_idle_per_host(1)
                .timeout(timeout)
                .user_agent(concat!("hitpoints-worker/", env!("CARGO_PKG_VERSION")));
            Ok(client.build()?)
        };
        let builder = thread::Builder::new().name("traces".into());
        let client = builder
            .spawn(build)?
            .join()
            .map_err(|_| "the thread panicked")??;
        Ok(Self {
            client,
            destination,
            failure,
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut headers = head.headers;
        headers.extend(self.destination.headers.clone());
        let url = self.destination.endpoint.url().clone();
        let request = self.client.post(url).headers(headers).body(body);
        let answer = request.send().map_err(reqwest::Error::without_url)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        // Nobody needs the body. The time limit would hold for each read of it, so a slow one could take any time.
        drop(answer);
        if !status.is_success() {
            self.failure.set(format!("the collector answered {status}"));
        }
        let mut answer = Response::builder().status(status).body(Bytes::new())?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

impl HttpClient for CollectorClient {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.send(request);
            sent.inspect_err(|error| self.failure.set(words(&**error)))
        })
    }
}

/// An error with its causes. Those of a connection say more than the error itself.
fn words(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let words: Vec<_> = causes.map(ToString::to_string).collect();
    words.join(": ")
}
