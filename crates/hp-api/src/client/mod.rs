//! The HTTP client: one connection pool, no redirects, no retries, and no answer without its request.

mod answer_head;
mod attribution;
mod base_url;
mod build_error;
mod builder;
mod calls;
mod cancellable_body;
mod clock;
mod connection;
mod connector;
mod decisive;
mod extra_calls;
mod failure;
mod http_request;
mod idle;
mod observation;
mod pool;
mod proxy;
mod random;
mod random_key;
mod retry_after;
mod settler;
mod socket;
mod span;
#[cfg(test)]
mod tls_tests;
mod transport;
mod wiped_reads;

pub use build_error::BuildError;
pub use builder::{ClientBuilder, SigningKeys};
pub use calls::Client;
pub use observation::{CallClass, Endpoint, HttpCall};
pub use settler::{ControlOrder, Learned, NotFoundRule, ProbeError, Settlement, Settler};
