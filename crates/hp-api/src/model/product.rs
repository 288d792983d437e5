use crate::value::{Currency, Money, ProductId};

/// The vendor's product list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductList {
    /// The products, in the vendor's order. No two have the same id.
    pub products: Vec<Product>,
    /// The rows that are not in `products`. The vendor may still accept an order of such a product.
    pub skipped: Vec<SkippedProduct>,
}

/// A row of the product list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedProduct {
    /// The product, if the row names one.
    pub product_id: Option<ProductId>,
    /// The position of the row and the field at fault, such as `product[3].currency: missing`. It contains no value.
    pub reason: String,
}

/// A product that the reseller may order.
///
/// A text that only describes it is `None` if the vendor's list lacks it or has it in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The number to order it by.
    pub product_id: ProductId,
    /// The name of the product. The text differs between endpoints.
    pub product_name: Option<String>,
    /// The name of the category. The text differs between endpoints.
    pub category_name: Option<String>,
    /// The code of the category.
    pub category_code: Option<String>,
    /// The code of the country in which its cards can be used.
    pub region: Option<String>,
    /// The currency of its face value and price.
    pub currency: Currency,
    /// The face value, or zero if it is not fixed.
    pub par_value: Money,
    /// The reseller's discount with a percent sign, such as `12.50%`.
    pub discount_rate: Option<String>,
    /// The maximum number of cards in one order.
    pub max_fetch_quantity: u32,
    /// The group in the vendor's product list, such as `pin-value-fixed`.
    pub group: String,
}

impl Product {
    /// Returns `true` if the face value is not fixed. The API has no parameter for the value, so the vendor refuses an order of
    /// such a product.
    pub fn has_open_value(&self) -> bool {
        self.par_value.amount().is_zero()
    }
}
