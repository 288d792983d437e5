//! The shop's side of the queue on the command line. It needs no HitPoints account.

pub(crate) mod enqueue;
pub(crate) mod keygen;
pub(crate) mod order_file;
mod private_key;
mod progress;
pub(crate) mod result_printer;
pub(crate) mod results;
pub(crate) mod values;
mod wait;
