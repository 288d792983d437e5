//! What HitPoints says about products, orders and cards.

use std::time::Duration;

use hp_api::{CallError, Card, Currency, Lookup, Order, OrderId, PinSn, Product};
use serde::Serialize;

use crate::{
    config::Config,
    terminal::{
        CommandResult, escape_control,
        format::{duration, print_json, unix_seconds},
        outln,
        table::{Table, print_pairs},
    },
};

#[derive(Serialize)]
struct ShownProduct<'a> {
    product_id: u64,
    name: &'a str,
    category: &'a str,
    region: &'a str,
    currency: String,
    par_value: String,
    discount: &'a str,
    max_quantity: u32,
    group: &'a str,
}

#[derive(Serialize)]
struct ShownOrder {
    order_id: String,
    hp_order_id: u64,
    status: String,
    product_id: u64,
    product: String,
    quantity: u32,
    currency: String,
    unit_price: String,
    total_price: String,
    /// Unix seconds.
    created_at: i64,
    /// By HitPoints' own clock, in seconds.
    age: Option<u64>,
    cards: Vec<ShownCard>,
}

#[derive(Serialize)]
struct ShownCard {
    pin_sn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_key: Option<String>,
    status: String,
    product_id: u64,
    currency: String,
    amount: String,
    cost_price: String,
    /// Unix seconds.
    created_at: i64,
    expires_at: i64,
}

/// Lists the products that may be ordered.
pub(crate) async fn list_products(
    config: &Config,
    currency: Option<Currency>,
    as_json: bool,
) -> CommandResult {
    let products = config.client_of_queue().await?.products(currency).await?;
    let shown: Vec<_> = products.iter().map(ShownProduct::from).collect();
    if as_json {
        for product in &shown {
            outln!("{}", serde_json::to_string(product)?)?;
        }
        return Ok(true);
    }
    let head = [
        "product", "name", "category", "region", "currency", "value", "discount", "most",
    ];
    let rows = shown.iter().map(|product| {
        vec![
            product.product_id.to_string(),
            product.name.into(),
            product.category.into(),
            product.region.into(),
            product.currency.clone(),
            product.par_value.clone(),
            product.discount.into(),
            product.max_quantity.to_string(),
        ]
    });
    Table::new(&head).print(&rows.collect::<Vec<_>>())?;
    Ok(true)
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
        ("product", format!("{} {}", order.product_id, order.product)),
        ("cards", order.quantity.to_string()),
        (
            "charged",
            format!(
                "{} {} ({} each)",
                order.total_price, order.currency, order.unit_price
            ),
        ),
        ("created", unix_seconds(order.created_at)),
        ("age", order.age.map_or_else(String::new, age)),
    ])?;
    let head = ["card", "status", "value", "expires"];
    let rows = order.cards.into_iter().map(|card| {
        vec![
            card.pin_sn,
            card.status,
            format!("{} {}", card.amount, card.currency),
            unix_seconds(card.expires_at),
        ]
    });
    outln!()?;
    Table::new(&head).print(&rows.collect::<Vec<_>>())?;
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
        ("status", card.status),
        ("product", card.product_id.to_string()),
        ("value", format!("{} {}", card.amount, card.currency)),
        ("cost", format!("{} {}", card.cost_price, card.currency)),
        ("created", unix_seconds(card.created_at)),
        ("expires", unix_seconds(card.expires_at)),
    ])?;
    Ok(true)
}

fn age(seconds: u64) -> String {
    duration(Duration::from_secs(seconds))
}

/// Reports that HitPoints has no such record. Fails if that is not what HitPoints said.
fn report_none(error: CallError) -> CommandResult {
    let lookup = Lookup::of(Err(error.clone()));
    if !matches!(lookup, Lookup::NotFound(_)) {
        return Err(error.into());
    }
    let error = error.to_string();
    let error = escape_control(&error);
    eprintln!("worker: HitPoints has no such record: {error}");
    Ok(false)
}

impl<'a> From<&'a Product> for ShownProduct<'a> {
    fn from(product: &'a Product) -> Self {
        Self {
            product_id: product.product_id.get(),
            name: &product.product_name,
            category: &product.category_name,
            region: &product.region,
            currency: product.currency.to_string(),
            par_value: product.par_value.to_string(),
            discount: &product.discount_rate,
            max_quantity: product.max_fetch_quantity,
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
            product: order.product_name.clone(),
            quantity: order.quantity.get(),
            currency: order.currency.to_string(),
            unit_price: order.unit_price.to_string(),
            total_price: order.total_price.to_string(),
            created_at: order.create_time,
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
            status: card.status.as_str().into(),
            product_id: card.product_id.get(),
            currency: card.currency.to_string(),
            amount: card.amount.to_string(),
            cost_price: card.cost_price.to_string(),
            created_at: card.create_time,
            expires_at: card.expire_time,
        }
    }
}
