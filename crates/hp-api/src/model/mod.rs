//! Orders, cards and products: what the reseller requests, and what the vendor answers.

mod mismatch;
mod order;
mod product;
mod validate;

pub use mismatch::Mismatch;
pub use order::{Card, FetchCards, Order};
pub use product::{Product, ProductList, SkippedProduct};
