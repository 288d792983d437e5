//! Reads JSON as PHP does, because the signature covers what PHP makes of the text.
//!
//! It differs from a common JSON reader in these points:
//!
//! * Members keep their order of appearance. A repeated name counts with its last value, at its first place.
//! * A name that looks like a 64-bit integer *is* an integer.
//! * An object whose names are 0, 1, 2, ... in this order is a list.
//! * An integer beyond 64 bits becomes a float. A float beyond its range becomes infinite.
//! * A text may have at most 511 levels.
//!
//! And in this one from PHP's, too: a text may have at most 400,000 values.
//!
//! `docs/adr/0011-own-json-reader.md` says why no library serves.

mod error;
mod key;
mod number;
mod object;
mod reader;
mod text;
mod value;

pub use error::JsonError;
pub(crate) use key::Key;
pub(crate) use reader::{MAX_LEVELS, read, read_unambiguous};
pub(crate) use value::{Member, Value};
