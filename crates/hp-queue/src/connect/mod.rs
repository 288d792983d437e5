//! Connections to Redis. The address decides where they lead: to one server, to a cluster, or to the master that Sentinel
//! names.

mod address;
pub(crate) mod client;
mod cluster;
pub(crate) mod link;
pub(crate) mod options;
mod place;
pub(crate) mod redact;
mod sentinel;
pub(crate) mod shared;
mod timing;
