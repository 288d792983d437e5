use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

type Wait = dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// What a client awaits before each HTTP request beyond the first one of a query, see
/// [`ClientBuilder::before_extra_calls`](super::ClientBuilder::before_extra_calls).
#[derive(Clone)]
pub(super) struct ExtraCalls(Arc<Wait>);

impl ExtraCalls {
    pub(super) fn new<F>(wait: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(wait())))
    }

    /// Waits until one more request may be sent.
    pub(super) async fn permit(&self) {
        (self.0)().await;
    }
}

impl Default for ExtraCalls {
    fn default() -> Self {
        Self::new(|| ready(()))
    }
}

impl fmt::Debug for ExtraCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtraCalls")
    }
}
