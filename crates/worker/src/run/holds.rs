use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use hp_api::{Currency, Outcome, ProductId, RefusalKind};
use hp_order::Millis;
use tracing::{info, warn};

use super::{OrderProcessor, held::ClaimedOrder};

/// Until when balances are known to be too low, as the last take told it. While one is, an order of its currency now
/// and then tries for all; those of other currencies go on.
#[derive(Default)]
pub(super) struct BalanceGate(RwLock<HashMap<Currency, Millis>>);

impl BalanceGate {
    pub(super) fn learn(&self, holds: Vec<(Currency, Millis)>) {
        if holds.is_empty() && self.read(HashMap::is_empty) {
            return;
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = holds.into_iter().collect();
    }

    fn until(&self, currency: Currency) -> Option<Millis> {
        self.read(|holds| holds.get(&currency).copied())
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<Currency, Millis>) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OrderProcessor {
    /// For how long an order is to be put back because the balance of its currency is too low.
    pub(super) async fn withheld(&self, held: &ClaimedOrder) -> Option<Duration> {
        let currency = self.catalogue.currency(held.record().wanted.product_id)?;
        let until = self.holds.until(currency)?;
        let left = until.since(held.now());
        let spread = self.policy.backoff.top_up(0.0).mul_f64(rand::random());
        // A longer one is never set: then Redis' clock has gone back.
        if !left.is_zero() && left <= self.policy.backoff.top_up(1.0) {
            return Some(left + spread);
        }
        let pause = self.pause();
        match self.control.try_balance_hold(currency, until, pause).await {
            Ok(true) => None,
            Ok(false) => Some(pause + spread),
            Err(error) => {
                warn!(%error, "not known whether another order tries the balance");
                Some(pause)
            }
        }
    }

    /// Holds back the orders of a currency whose balance turns out too low, and lets them go when one was charged.
    pub(super) async fn learn_balance(&self, product: ProductId, outcome: &Outcome) {
        let told = match outcome {
            Outcome::Charged(order) if self.holds.until(order.currency).is_some() => {
                info!(currency = %order.currency, "the balance suffices again");
                self.control.lift_balance_hold(order.currency).await
            }
            Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::LowBalance => {
                let Some(currency) = self.catalogue.currency(product) else {
                    return;
                };
                warn!(%currency, answer = refusal.message, "the balance is too low: orders of this currency wait for it to be topped up");
                self.control.hold_balance(currency, self.pause()).await
            }
            _ => return,
        };
        if let Err(error) = told {
            warn!(%error, "the other workers are not told of the balance");
        }
    }

    fn pause(&self) -> Duration {
        self.policy.backoff.top_up(rand::random())
    }
}
