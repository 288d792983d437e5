//! What is for sale: a fixed list, the same in every run.

use std::sync::LazyLock;

use rust_decimal::Decimal;

/// A product as the vendor's list shows it.
pub(crate) struct Product {
    pub(crate) id: u64,
    /// "Demo Card" in the product list's `product_name` and in an order's `category_name`.
    pub(crate) brand: &'static str,
    /// "50 Units" in the product list's `category_name` and in an order's `product_name`.
    pub(crate) value: &'static str,
    pub(crate) code: &'static str,
    pub(crate) region: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) group: &'static str,
    pub(crate) max_quantity: u32,
    /// Zero where the value is not fixed.
    pub(crate) par: Decimal,
    /// Percent off the par value.
    pub(crate) discount: Decimal,
    /// What one card costs.
    pub(crate) unit_price: Decimal,
}

/// Its products cannot be fetched: the fetch call has no field that would name the value.
const OPEN: &str = "pin-value-range";
const FIXED: &str = "pin-value-fixed";

impl Product {
    pub(crate) fn has_fixed_value(&self) -> bool {
        self.group == FIXED
    }
}

static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    vec![
        product((2, "10 Units", FIXED), ("CNY", "CN"), 20, 1000, 500),
        product((5, "100 Units", FIXED), ("CNY", "CN"), 100, 10_000, 350),
        product((9, "1 Unit", FIXED), ("CNY", "CN"), 10_000, 100, 100),
        product((31, "50 Units", FIXED), ("USD", "GL"), 20, 5000, 1250),
        product((32, "10 Units", FIXED), ("USD", "GL"), 100, 1000, 600),
        product((71, "Open Value", OPEN), ("USD", "GL"), 5, 0, 800),
    ]
});

/// `par` in cents, `discount` in hundredths of a percent.
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

/// All products, by group and id.
pub(crate) fn products() -> &'static [Product] {
    &PRODUCTS
}

pub(crate) fn find(id: u64) -> Option<&'static Product> {
    products().iter().find(|product| product.id == id)
}

/// Some other product in the same currency, for answers that are wrong on purpose.
pub(crate) fn other_than(product: &Product) -> &'static Product {
    products()
        .iter()
        .find(|other| other.currency == product.currency && other.id != product.id)
        .unwrap_or(&products()[0])
}

/// The currencies of the list, each once.
pub(crate) fn currencies() -> Vec<&'static str> {
    let mut all: Vec<_> = products().iter().map(|product| product.currency).collect();
    all.dedup();
    all
}
