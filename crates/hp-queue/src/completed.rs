//! What the common result stream says was bought, without the cards.

use std::sync::LazyLock;

use hp_api::FetchCards;
use redis::Value;

use crate::{
    Ledger, QueueError,
    codec::Answered,
    script::{Script, call, run},
};

static COMPLETED: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/completed.lua")));
/// Results that are looked through.
const NEWEST: u32 = 1000;
/// Completed ones that are enough, should the newest be malformed.
const ENOUGH: u32 = 5;

impl Ledger {
    /// The order that was completed last, as far as the newest results tell; malformed ones are skipped.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn last_completed(&self) -> Result<Option<FetchCards>, QueueError> {
        let mut command = call(&COMPLETED, &[&self.keys.results]);
        command.arg(NEWEST).arg(ENOUGH);
        let seen: Vec<Value> = run(&COMPLETED, &command, &mut self.connection.clone()).await?;
        Ok(seen.iter().find_map(read))
    }
}

fn read(value: &Value) -> Option<FetchCards> {
    let fields = Answered::new(value);
    Some(FetchCards {
        order_id: fields.text("order_id")?.parse().ok()?,
        product_id: fields.text("product_id")?.parse().ok()?,
        quantity: fields.text("quantity")?.parse().ok()?,
    })
}
