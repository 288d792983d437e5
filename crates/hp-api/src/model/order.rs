use crate::value::{
    CardStatus, Currency, Money, OrderId, OrderStatus, PinKey, PinSn, ProductId, Quantity,
};

/// An order for cards, and the yardstick its answer is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchCards {
    /// The reseller's own id; the same one for every attempt at the same order.
    pub order_id: OrderId,
    /// Which product.
    pub product_id: ProductId,
    /// How many cards.
    pub quantity: Quantity,
}

/// The vendor's record of an order, with its cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The vendor's own number of the order.
    pub hp_order_id: u64,
    /// The reseller's id.
    pub out_trade_id: OrderId,
    /// The product ordered.
    pub product_id: ProductId,
    /// How many cards were ordered.
    pub quantity: Quantity,
    /// The currency of all prices here.
    pub currency: Currency,
    /// Face value of one card.
    pub par_value: Money,
    /// What one card cost the reseller.
    pub unit_price: Money,
    /// What was charged.
    pub total_price: Money,
    /// The reseller's discount in percent, as the vendor writes it.
    pub reseller_discount: String,
    /// For people; not the same text in every endpoint.
    pub category_name: String,
    /// For people; not the same text in every endpoint.
    pub product_name: String,
    /// How far the order has got.
    pub status: OrderStatus,
    /// When it was made, in Unix seconds.
    pub create_time: i64,
    /// The cards, one for each unit once the order is completed.
    pub cards: Vec<Card>,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its serial number, not secret.
    pub pin_sn: PinSn,
    /// Its key, secret.
    pub pin_key: PinKey,
    /// Its product.
    pub product_id: ProductId,
    /// Its face value.
    pub amount: Money,
    /// What it cost the reseller.
    pub cost_price: Money,
    /// The currency of both.
    pub currency: Currency,
    /// What it can still do.
    pub status: CardStatus,
    /// When it was made, in Unix seconds.
    pub create_time: i64,
    /// When it expires, in Unix seconds.
    pub expire_time: i64,
    /// For people; not the same text in every endpoint.
    pub category_name: String,
    /// For people; not the same text in every endpoint.
    pub product_name: String,
}
