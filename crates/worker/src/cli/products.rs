use clap::Args;
use hp_api::Currency;

use super::args::JsonLines;
use crate::{config::Config, inspect::vendor::list_products, terminal::CommandResult};

/// List the products that may be ordered.
///
/// The value of a product may be `open`: HitPoints refuses an order of such a product, because the API cannot name a value.
/// Shops find the same list in {hp}:products.
///
/// Exit codes: 0: listed. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Products {
    /// Only products in this currency, such as CNY.
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    #[command(flatten)]
    output: JsonLines,
}

impl Products {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        list_products(config, self.currency, self.output.json).await
    }
}
