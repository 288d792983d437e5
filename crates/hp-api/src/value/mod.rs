//! Values that validate themselves when they are built, so that no later code has to.
//!
//! Every constructor and every `FromStr` returns [`Invalid`] for a value outside the documented range or format.

mod currency_text;
mod id;
mod invalid;
mod money;
mod number;
mod secret;
mod status;

pub use currency_text::CurrencyText;
pub use id::{OrderId, PinSn};
pub use invalid::Invalid;
pub use money::{Currency, Money};
pub use number::{ProductId, Quantity};
pub use secret::{AppSecret, PinKey};
pub use status::{CardStatus, OrderStatus};
