use crate::value::{Currency, Money, ProductId};

/// A product that the reseller may order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its number, for ordering.
    pub product_id: ProductId,
    /// For people; not the same text in every endpoint.
    pub product_name: String,
    /// For people; not the same text in every endpoint.
    pub category_name: String,
    /// The category's code.
    pub category_code: String,
    /// Country code of where it can be used.
    pub region: String,
    /// The currency of its value and price.
    pub currency: Currency,
    /// Face value; zero where it is not fixed.
    pub par_value: Money,
    /// The reseller's discount, with a percent sign.
    pub discount_rate: String,
    /// Most cards in one order.
    pub max_fetch_quantity: u32,
    /// The group that the vendor lists it under, such as `pin-value-fixed`.
    pub group: String,
}
