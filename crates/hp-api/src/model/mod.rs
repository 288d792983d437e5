//! What is asked of the vendor, and what it answers.

mod fit;
mod order;
mod product;

pub use fit::Mismatch;
pub use order::{Card, FetchCards, Order};
pub use product::Product;
