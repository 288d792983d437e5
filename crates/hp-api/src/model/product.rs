use crate::value::{Currency, Money, ProductId};

/// A product that the reseller may order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The number to order it by.
    pub product_id: ProductId,
    /// The name of the product. The text differs between endpoints.
    pub product_name: String,
    /// The name of the category. The text differs between endpoints.
    pub category_name: String,
    /// The code of the category.
    pub category_code: String,
    /// The code of the country in which its cards can be used.
    pub region: String,
    /// The currency of its face value and price.
    pub currency: Currency,
    /// The face value, or zero if it is not fixed.
    pub par_value: Money,
    /// The reseller's discount with a percent sign, such as `12.50%`.
    pub discount_rate: String,
    /// The maximum number of cards in one order.
    pub max_fetch_quantity: u32,
    /// The group in the vendor's product list, such as `pin-value-fixed`.
    pub group: String,
}
