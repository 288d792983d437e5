//! The products: a fixed list, the same in every run.

use std::sync::LazyLock;

use rust_decimal::Decimal;

/// A product of the product list.
pub(crate) struct Product {
    pub(crate) id: u64,
    /// "Demo Card": `product_name` in the product list, `category_name` in an order.
    pub(crate) brand: &'static str,
    /// "50 Units": `category_name` in the product list, `product_name` in an order.
    pub(crate) value: &'static str,
    pub(crate) code: &'static str,
    pub(crate) region: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) group: &'static str,
    pub(crate) max_quantity: u32,
    /// Zero if the value is not fixed.
    pub(crate) par: Decimal,
    /// Percent off the par value.
    pub(crate) discount: Decimal,
    /// The price of one card.
    pub(crate) unit_price: Decimal,
}

/// The group of products without a fixed value. They cannot be fetched: the fetch call has no parameter for the value.
const VARIABLE_VALUE: &str = "pin-value-range";
const FIXED_VALUE: &str = "pin-value-fixed";

impl Product {
    pub(crate) fn has_fixed_value(&self) -> bool {
        self.group == FIXED_VALUE
    }

    /// Returns `true` if the option `odd_products` breaks the format of this product.
    pub(crate) fn has_odd_row(&self) -> bool {
        matches!(self.id, 5 | 9 | 32)
    }

    /// Returns the currency as product list and orders write it.
    pub(crate) fn listed_currency(&self, is_odd: bool) -> &'static str {
        match self.id {
            32 if is_odd => "USDT",
            _ => self.currency,
        }
    }
}

static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    vec![
        product((2, "10 Units", FIXED_VALUE), CHINA, 20, 1000, 500),
        product((5, "100 Units", FIXED_VALUE), CHINA, 100, 10_000, 350),
        product((9, "1 Unit", FIXED_VALUE), CHINA, 10_000, 100, 100),
        product((31, "50 Units", FIXED_VALUE), GLOBAL, 20, 5000, 1250),
        product((32, "10 Units", FIXED_VALUE), GLOBAL, 100, 1000, 600),
        product((71, "Open Value", VARIABLE_VALUE), GLOBAL, 5, 0, 800),
    ]
});

const CHINA: (&str, &str) = ("CNY", "CN");
const GLOBAL: (&str, &str) = ("USD", "GL");

/// Takes `par` in cents and `discount` in hundredths of a percent.
fn product(
    (id, value, group): (u64, &'static str, &'static str),
    (currency, region): (&'static str, &'static str),
    max_quantity: u32,
    par: i64,
    discount: i64,
) -> Product {
    let (par, discount) = (Decimal::new(par, 2), Decimal::new(discount, 2));
    let mut unit_price = par * (Decimal::ONE_HUNDRED - discount) / Decimal::ONE_HUNDRED;
    unit_price.rescale(2);
    Product {
        id,
        brand: "Demo Card",
        value,
        code: "demo-card",
        region,
        currency,
        group,
        max_quantity,
        par,
        discount,
        unit_price,
    }
}

/// Returns all products, sorted by group and id.
pub(crate) fn products() -> &'static [Product] {
    &PRODUCTS
}

pub(crate) fn find(id: u64) -> Option<&'static Product> {
    products().iter().find(|product| product.id == id)
}

/// Returns another product in the same currency, for answers that are wrong on purpose.
pub(crate) fn other_than(product: &Product) -> &'static Product {
    products()
        .iter()
        .find(|other| other.currency == product.currency && other.id != product.id)
        .unwrap_or(&products()[0])
}

/// Returns the currencies of all products, each once.
pub(crate) fn currencies() -> Vec<&'static str> {
    let mut all: Vec<_> = products().iter().map(|product| product.currency).collect();
    all.dedup();
    all
}
