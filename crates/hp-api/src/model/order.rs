use std::time::Duration;

use crate::value::{
    CardStatus, Currency, CurrencyText, Money, OrderId, OrderStatus, PinKey, PinSn, ProductId,
    Quantity,
};

/// A request for cards. The answer is validated against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchCards {
    /// The reseller's own id. Every attempt at the same order uses the same id.
    pub order_id: OrderId,
    /// The product.
    pub product_id: ProductId,
    /// The number of cards.
    pub quantity: Quantity,
}

/// The vendor's record of an order, with its cards.
///
/// A field that only describes the order is `None` if the vendor's answer lacks it or has it in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The vendor's own number for the order (`order_id`).
    pub hp_order_id: u64,
    /// The reseller's own id for the order.
    pub out_trade_id: OrderId,
    /// The ordered product.
    pub product_id: ProductId,
    /// The number of ordered cards.
    pub quantity: Quantity,
    /// The currency of all prices of the order, as the vendor wrote it.
    pub currency: Option<CurrencyText>,
    /// The face value of one card.
    pub par_value: Option<Money>,
    /// The price of one card for the reseller.
    pub unit_price: Money,
    /// The charged amount.
    pub total_price: Money,
    /// The reseller's discount in percent, in the vendor's format, such as `12.50`.
    pub reseller_discount: Option<String>,
    /// The name of the category. The text differs between endpoints.
    pub category_name: Option<String>,
    /// The name of the product. The text differs between endpoints.
    pub product_name: Option<String>,
    /// The status of the order.
    pub status: OrderStatus,
    /// The creation time in Unix seconds.
    pub create_time: Option<i64>,
    /// The age of the record when `HitPoints` answered, by `HitPoints`' clock, in whole seconds.
    ///
    /// It is the signed date of the answer less the creation time of the order. `None` if the order has no creation time.
    /// Zero if that time is after the date.
    pub record_age: Option<Duration>,
    /// The cards: one for each unit if the order is completed.
    pub cards: Vec<Card>,
}

/// A card, with its secret key.
///
/// All but serial number and key only describe the card: `None` if the vendor's answer lacks the field or has it in another
/// format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The serial number. It is not secret.
    pub pin_sn: PinSn,
    /// The key. It is secret.
    pub pin_key: PinKey,
    /// The product.
    pub product_id: Option<ProductId>,
    /// The face value.
    pub amount: Option<Money>,
    /// The price for the reseller.
    pub cost_price: Option<Money>,
    /// The currency of face value and price.
    pub currency: Option<Currency>,
    /// The status of the card.
    pub status: Option<CardStatus>,
    /// The creation time in Unix seconds.
    pub create_time: Option<i64>,
    /// The expiry time in Unix seconds.
    pub expire_time: Option<i64>,
    /// The name of the category. The text differs between endpoints.
    pub category_name: Option<String>,
    /// The name of the product. The text differs between endpoints.
    pub product_name: Option<String>,
}
