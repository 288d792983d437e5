//! The HTTP client: one connection pool, no redirects, no proxy, no retries.

mod base_url;
mod build_error;
mod builder;
mod calls;
mod cancellable_body;
mod clock;
mod failure;
mod random;
mod random_key;
mod transport;

pub use build_error::BuildError;
pub use builder::ClientBuilder;
pub use calls::Client;
