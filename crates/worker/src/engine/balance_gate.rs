//! Holds the orders of a currency back while its balance at HitPoints is too low.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use hp_api::Currency;
use hp_order::{Backoff, Millis};
use hp_queue::{Agreement, Control};
use tracing::{info, warn};

use crate::random::Random;

/// The balance holds of all workers, as the last claim reported them. While a currency has a hold, single orders of it
/// test the balance; orders of other currencies continue.
pub(crate) struct BalanceGate {
    holds: RwLock<HashMap<Currency, Millis>>,
    control: Control,
    agreement: Agreement,
    random: Random,
}

impl BalanceGate {
    pub(crate) fn new(control: Control, agreement: Agreement, random: Random) -> Self {
        Self {
            holds: RwLock::default(),
            control,
            agreement,
            random,
        }
    }

    /// Stores the holds that a claim reported.
    pub(crate) fn update(&self, holds: Vec<(Currency, Millis)>) {
        if holds.is_empty() && self.read(HashMap::is_empty) {
            return;
        }
        *self.holds.write().unwrap_or_else(PoisonError::into_inner) = holds.into_iter().collect();
    }

    /// How long an order of this currency must wait, or `None` if it may be submitted now.
    pub(crate) async fn delay(&self, currency: Currency, now: Millis) -> Option<Duration> {
        let until = self.held_until(currency)?;
        let left = until.since(now);
        let spread = self.backoff().top_up(0.0).mul_f64(self.random.jitter());
        // No hold is longer than this, unless Redis' clock stepped back.
        if !left.is_zero() && left <= self.backoff().top_up(1.0) {
            return Some(left + spread);
        }
        let pause = self.pause();
        match self.control.try_balance_hold(currency, until, pause).await {
            Ok(true) => None,
            Ok(false) => Some(pause + spread),
            Err(error) => {
                warn!(%error, "cannot check whether another order tests the balance");
                Some(pause)
            }
        }
    }

    /// Holds the orders of this currency: HitPoints refused one because of the balance.
    pub(crate) async fn hold(&self, currency: Currency, answer: &str) {
        warn!(%currency, answer, "balance too low: orders of this currency wait until it is topped up");
        if let Err(error) = self.control.hold_balance(currency, self.pause()).await {
            warn!(%error, "cannot store the balance hold; other workers still submit orders of this currency");
        }
    }

    /// Lifts the hold on this currency, if there is one: HitPoints charged an order.
    pub(crate) async fn lift(&self, currency: Currency) {
        if self.held_until(currency).is_none() {
            return;
        }
        info!(%currency, "balance hold lifted: HitPoints charged an order of this currency");
        if let Err(error) = self.control.lift_balance_hold(currency).await {
            warn!(%error, "cannot lift the balance hold in Redis; other workers still hold orders of this currency back");
        }
    }

    fn backoff(&self) -> Backoff {
        self.agreement.rules().policy.backoff
    }

    fn pause(&self) -> Duration {
        self.backoff().top_up(self.random.jitter())
    }

    fn held_until(&self, currency: Currency) -> Option<Millis> {
        self.read(|holds| holds.get(&currency).copied())
    }

    fn read<T>(&self, read: impl FnOnce(&HashMap<Currency, Millis>) -> T) -> T {
        read(&self.holds.read().unwrap_or_else(PoisonError::into_inner))
    }
}
