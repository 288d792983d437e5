//! The Lua scripts that Redis runs.
//!
//! [`script!`](declare) declares a script: its file, its keys and its arguments. [`source`] joins the file with the preludes
//! that it needs and with a head that names its keys and arguments. [`order_rules`] renders the preludes that come from
//! `hp-order`.

mod call;
mod declare;
mod order_rules;
mod source;

pub(crate) use call::{Call, Script};
pub(crate) use declare::script;
#[cfg(test)]
pub(crate) use source::PRELUDES;
pub(crate) use source::Source;
