use clap::Args;
use hp_api::PinSn;

use super::args::Json;
use crate::{config::Config, inspect::vendor::show_card, terminal::CommandResult};

/// Show HitPoints' record of a card; --show-pins shows its key, too.
///
/// Exit codes: 0: shown. 1: HitPoints has no such card. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Pin {
    /// The card's serial number, `pin_sn` in a result.
    #[arg(value_name = "SN")]
    serial_number: PinSn,
    /// Show the card key, too. Whoever has it can use the card.
    #[arg(long)]
    show_pins: bool,
    #[command(flatten)]
    output: Json,
}

impl Pin {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let (with_key, as_json) = (self.show_pins, self.output.json);
        show_card(config, &self.serial_number, with_key, as_json).await
    }
}
