use clap::Args;
use hp_api::{CallError, Card, Currency, Lookup, Order, PinSn, Product};
use serde::Serialize;

use super::{
    Shown, print_json, seconds,
    table::{self, Table},
};
use crate::{
    config::Config,
    decide::One,
    out::{escape_control, outln},
};

/// Which products to list.
#[derive(Clone, Debug, Args)]
pub(crate) struct Products {
    /// Only those of this currency, such as CNY.
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    /// Print a JSON object for each, a line each.
    #[arg(long)]
    json: bool,
}

/// A card by its serial number.
#[derive(Clone, Debug, Args)]
pub(crate) struct CardNumber {
    /// The card's serial number, as a result has it.
    #[arg(value_name = "SN")]
    sn: PinSn,
    /// Show the card's key, too.
    #[arg(long)]
    show_pins: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

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

/// `worker products`.
pub(crate) async fn products(config: &Config, which: Products) -> Shown {
    let products = config.client()?.products(which.currency).await?;
    let shown: Vec<_> = products.iter().map(shown_product).collect();
    if which.json {
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

/// `worker record`.
pub(crate) async fn record(config: &Config, one: One) -> Shown {
    let order = match config.client()?.query_order(&one.id).await {
        Ok(order) => shown_order(&order),
        Err(error) => return is_none(error),
    };
    if one.json {
        print_json(&order)?;
        return Ok(true);
    }
    table::pairs(&[
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
        ("made", seconds(order.created_at)),
    ])?;
    let head = ["card", "status", "value", "expires"];
    let rows = order.cards.into_iter().map(|card| {
        vec![
            card.pin_sn,
            card.status,
            format!("{} {}", card.amount, card.currency),
            seconds(card.expires_at),
        ]
    });
    outln!()?;
    Table::new(&head).print(&rows.collect::<Vec<_>>())?;
    Ok(true)
}

/// `worker pin`.
pub(crate) async fn pin(config: &Config, number: CardNumber) -> Shown {
    let card = match config.client()?.query_pin(&number.sn).await {
        Ok(card) => shown_card(&card, number.show_pins),
        Err(error) => return is_none(error),
    };
    if number.json {
        print_json(&card)?;
        return Ok(true);
    }
    let key = card.pin_key.unwrap_or_else(|| "hidden: --show-pins".into());
    table::pairs(&[
        ("card", card.pin_sn),
        ("key", key),
        ("status", card.status),
        ("product", card.product_id.to_string()),
        ("value", format!("{} {}", card.amount, card.currency)),
        ("cost", format!("{} {}", card.cost_price, card.currency)),
        ("made", seconds(card.created_at)),
        ("expires", seconds(card.expires_at)),
    ])?;
    Ok(true)
}

/// HitPoints said that there is none; else why it did not say it.
fn is_none(error: CallError) -> Shown {
    let said = Lookup::of(Err(error.clone()));
    if !matches!(said, Lookup::NotFound(_)) {
        return Err(error.into());
    }
    eprintln!(
        "worker: HitPoints gives none: {}",
        escape_control(&error.to_string())
    );
    Ok(false)
}

fn shown_product(product: &Product) -> ShownProduct<'_> {
    ShownProduct {
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

fn shown_order(order: &Order) -> ShownOrder {
    ShownOrder {
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
        cards: order
            .cards
            .iter()
            .map(|card| shown_card(card, false))
            .collect(),
    }
}

fn shown_card(card: &Card, with_key: bool) -> ShownCard {
    ShownCard {
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
