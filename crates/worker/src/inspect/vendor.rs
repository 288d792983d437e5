//! What HitPoints says about products, orders and cards.

use std::time::Duration;

use hp_api::{
    CallError, Card, Currency, Lookup, Order, OrderId, PinSn, Product, ProductId, SkippedProduct,
};
use hp_queue::PublishedProduct;
use serde::Serialize;

use crate::{
    config::Config,
    terminal::{
        CommandResult, errln, escape_control,
        format::{duration, known, print_json, unix_seconds},
        outln,
        table::{Table, print_pairs},
    },
};

#[derive(Serialize)]
struct ShownProduct<'a> {
    product_id: u64,
    #[serde(flatten)]
    published: PublishedProduct<'a>,
    group: &'a str,
}

#[derive(Serialize)]
struct ShownOrder {
    order_id: String,
    hp_order_id: u64,
    status: String,
    product_id: u64,
    product_name: Option<String>,
    quantity: u32,
    currency: Option<String>,
    unit_price: String,
    total_price: String,
    /// Unix seconds.
    create_time: Option<i64>,
    /// By HitPoints' own clock, in seconds.
    age: Option<u64>,
    cards: Vec<ShownCard>,
}

#[derive(Serialize)]
struct ShownCard {
    pin_sn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_key: Option<String>,
    status: Option<String>,
    product_id: Option<u64>,
    currency: Option<String>,
    amount: Option<String>,
    cost_price: Option<String>,
    /// Unix seconds.
    create_time: Option<i64>,
    expire_time: Option<i64>,
}

/// Lists the products that may be ordered.
pub(crate) async fn list_products(
    config: &Config,
    currency: Option<Currency>,
    as_json: bool,
) -> CommandResult {
    let list = config.client_of_queue().await?.products(currency).await?;
    for skipped in &list.skipped {
        errln!("worker: {}", skipped_text(skipped));
    }
    let shown: Vec<_> = list.products.iter().map(ShownProduct::from).collect();
    if as_json {
        for product in &shown {
            outln!("{}", serde_json::to_string(product)?)?;
        }
        return Ok(true);
    }
    let head = [
        "product", "name", "category", "region", "currency", "value", "discount", "most",
    ];
    let rows = shown.iter().map(|shown| {
        let product = &shown.published;
        vec![
            shown.product_id.to_string(),
            known(product.name),
            known(product.category),
            known(product.region),
            product.currency.clone(),
            if product.open_value {
                "open".into()
            } else {
                product.par_value.clone()
            },
            known(product.discount_rate),
            product.max_fetch_quantity.to_string(),
        ]
    });
    let nothing = "HitPoints lists no product that may be ordered";
    Table::new(&head).print_or(&rows.collect::<Vec<_>>(), nothing)?;
    if shown.iter().any(|shown| shown.published.open_value) {
        outln!("\nopen: the value is not fixed. HitPoints refuses an order of such a product.")?;
    }
    Ok(true)
}

fn skipped_text(skipped: &SkippedProduct) -> String {
    let product = skipped.product_id.map_or_else(
        || "a product".to_owned(),
        |product_id| format!("product {product_id}"),
    );
    let reason = escape_control(&skipped.reason);
    format!(
        "skipped {product}, which cannot be read ({reason}); HitPoints decides about its orders"
    )
}

/// Shows HitPoints' record of an order without card keys. Returns `false` if HitPoints has none.
pub(crate) async fn show_record(config: &Config, id: &OrderId, as_json: bool) -> CommandResult {
    let order = match config.client_of_queue().await?.query_order(id).await {
        Ok(order) => ShownOrder::from(&order),
        Err(error) => return report_none(error),
    };
    if as_json {
        print_json(&order)?;
        return Ok(true);
    }
    print_pairs(&[
        ("order", order.order_id),
        ("at HitPoints", order.hp_order_id.to_string()),
        ("status", order.status),
        (
            "product",
            format!("{} {}", order.product_id, known(order.product_name)),
        ),
        ("cards", order.quantity.to_string()),
        (
            "charged",
            format!(
                "{} ({} each)",
                money(Some(order.total_price), order.currency),
                order.unit_price
            ),
        ),
        ("created", known(order.create_time.map(unix_seconds))),
        ("age", known(order.age.map(age))),
    ])?;
    let head = ["card", "status", "value", "expires"];
    let rows = order.cards.into_iter().map(|card| {
        vec![
            card.pin_sn,
            known(card.status),
            money(card.amount, card.currency),
            known(card.expire_time.map(unix_seconds)),
        ]
    });
    outln!()?;
    Table::new(&head).print_or(&rows.collect::<Vec<_>>(), "HitPoints lists no card")?;
    Ok(true)
}

/// Shows HitPoints' record of a card. Returns `false` if HitPoints has none.
pub(crate) async fn show_card(
    config: &Config,
    serial_number: &PinSn,
    with_key: bool,
    as_json: bool,
) -> CommandResult {
    let card = match config
        .client_of_queue()
        .await?
        .query_pin(serial_number)
        .await
    {
        Ok(card) => ShownCard::new(&card, with_key),
        Err(error) => return report_none(error),
    };
    if as_json {
        print_json(&card)?;
        return Ok(true);
    }
    let key = card
        .pin_key
        .unwrap_or_else(|| "hidden; use --show-pins".into());
    print_pairs(&[
        ("card", card.pin_sn),
        ("key", key),
        ("status", known(card.status)),
        ("product", known(card.product_id)),
        ("value", money(card.amount, card.currency.clone())),
        ("cost", money(card.cost_price, card.currency)),
        ("created", known(card.create_time.map(unix_seconds))),
        ("expires", known(card.expire_time.map(unix_seconds))),
    ])?;
    Ok(true)
}

fn age(seconds: u64) -> String {
    duration(Duration::from_secs(seconds))
}

fn money(amount: Option<String>, currency: Option<String>) -> String {
    match (amount, currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        (amount, _) => known(amount),
    }
}

/// Reports that HitPoints has no such record. Fails if that is not what HitPoints said.
fn report_none(error: CallError) -> CommandResult {
    let lookup = Lookup::of(Err(error.clone()));
    if !matches!(lookup, Lookup::NotFound(_)) {
        return Err(error.into());
    }
    let error = error.to_string();
    let error = escape_control(&error);
    errln!("worker: HitPoints has no such record: {error}");
    Ok(false)
}

impl<'a> From<&'a Product> for ShownProduct<'a> {
    fn from(product: &'a Product) -> Self {
        Self {
            product_id: product.product_id.get(),
            published: product.into(),
            group: &product.group,
        }
    }
}

impl From<&Order> for ShownOrder {
    fn from(order: &Order) -> Self {
        let cards = order.cards.iter();
        Self {
            order_id: order.out_trade_id.to_string(),
            hp_order_id: order.hp_order_id,
            status: order.status.as_str().into(),
            product_id: order.product_id.get(),
            product_name: order.product_name.clone(),
            quantity: order.quantity.get(),
            currency: order.currency.as_ref().map(ToString::to_string),
            unit_price: order.unit_price.to_string(),
            total_price: order.total_price.to_string(),
            create_time: order.create_time,
            age: order.record_age.map(|age| age.as_secs()),
            cards: cards.map(|card| ShownCard::new(card, false)).collect(),
        }
    }
}

impl ShownCard {
    fn new(card: &Card, with_key: bool) -> Self {
        Self {
            pin_sn: card.pin_sn.as_str().into(),
            pin_key: with_key.then(|| card.pin_key.expose().into()),
            status: card.status.as_ref().map(ToString::to_string),
            product_id: card.product_id.map(ProductId::get),
            currency: card.currency.map(|currency| currency.to_string()),
            amount: card.amount.map(|amount| amount.to_string()),
            cost_price: card.cost_price.map(|price| price.to_string()),
            create_time: card.create_time,
            expire_time: card.expire_time,
        }
    }
}
