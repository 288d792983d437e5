//! Code that the examples share.
#![allow(dead_code, reason = "not every example shows cards")]

use std::{env, fmt};

use hp_api::{AppSecret, Card, Client, Order};

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// An error that ends the program with one readable line.
pub(crate) struct Failure(String);

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// `main` prints the `Debug` form.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Builds a client from the environment variables.
pub(crate) fn client() -> Result<Client> {
    let secret = AppSecret::from(setting("HP_API__APP_SECRET")?);
    let (base_url, app_id) = (setting("HP_API__BASE_URL")?, setting("HP_API__APP_ID")?);
    Ok(Client::builder(&base_url, &app_id).secret(secret).build()?)
}

fn setting(name: &str) -> std::result::Result<String, String> {
    env::var(name).map_err(|_| {
        format!("{name} is not set; for a local sandbox set HP_API__BASE_URL=http://127.0.0.1:8700 HP_API__APP_ID=demo HP_API__APP_SECRET=demo-secret")
    })
}

/// Returns the arguments, and `true` if `--show-keys` was one of them.
pub(crate) fn arguments() -> (Vec<String>, bool) {
    let (flags, arguments): (Vec<_>, Vec<_>) = env::args()
        .skip(1)
        .partition(|argument| argument == "--show-keys");
    (arguments, !flags.is_empty())
}

pub(crate) fn print_order(order: &Order, show_keys: bool) {
    println!(
        "order {} ({}): {}, {} cards, {} {}",
        order.out_trade_id,
        order.hp_order_id,
        order.status,
        order.cards.len(),
        order.total_price,
        shown(order.currency.as_ref()),
    );
    for card in &order.cards {
        print_card(card, show_keys);
    }
}

pub(crate) fn print_card(card: &Card, show_keys: bool) {
    let key = if show_keys {
        card.pin_key.expose()
    } else {
        "(key hidden, see --show-keys)"
    };
    println!(
        "  {}  {}  {} {}  {key}",
        card.pin_sn,
        shown(card.status.as_ref()),
        shown(card.amount),
        shown(card.currency)
    );
}

/// Returns a field that the vendor may have left out.
fn shown<T: ToString>(field: Option<T>) -> String {
    field.map_or_else(|| "-".to_owned(), |field| field.to_string())
}
