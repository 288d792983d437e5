//! Holds orders back while their balance at HitPoints is too low: by currency, or by product where the currency is unknown.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use hp_api::{Currency, ProductId};
use hp_order::{Backoff, BalanceScope, Event, Millis};
use hp_queue::{Agreement, Control};
use tracing::{info, warn};

use super::retry::REDIS;
use crate::random::Random;

/// The balance holds of all workers, as the last claim reported them. While a balance has a hold, single orders test it;
/// orders of other balances continue.
pub(crate) struct BalanceGate {
    holds: RwLock<HashMap<BalanceScope, Millis>>,
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
    pub(crate) fn update(&self, holds: Vec<(BalanceScope, Millis)>) {
        if holds.is_empty() && self.read(HashMap::is_empty) {
            return;
        }
        *self.holds.write().unwrap_or_else(PoisonError::into_inner) = holds.into_iter().collect();
    }

    /// Why an order must wait, or `None` if it may be submitted now.
    pub(crate) async fn objection(
        &self,
        product: ProductId,
        currency: Option<Currency>,
        now: Millis,
    ) -> Option<Event> {
        for scope in scopes(product, currency) {
            if let Some(event) = self.objection_of(scope, now).await {
                return Some(event);
            }
        }
        None
    }

    async fn objection_of(&self, scope: BalanceScope, now: Millis) -> Option<Event> {
        let until = self.held_until(scope)?;
        let left = until.since(now);
        // No hold is longer than this, unless Redis' clock stepped back.
        if !left.is_zero() && left <= self.backoff().top_up(1.0) {
            return Some(Event::HeldForBalance(scope));
        }
        let pause = self.pause();
        match self.control.try_balance_hold(scope, until, pause).await {
            Ok(true) => None,
            Ok(false) => Some(Event::HeldForBalance(scope)),
            Err(error) => {
                warn!(obstacle = REDIS, %error, "cannot check whether another order tests the balance");
                Some(Event::BalanceHeld(pause))
            }
        }
    }

    /// Holds the orders of this currency, or of this product if the currency is unknown: HitPoints refused one because of
    /// the balance.
    pub(crate) async fn hold(
        &self,
        (product, currency): (ProductId, Option<Currency>),
        answer: &str,
        now: Millis,
    ) {
        let scope = currency.map_or(BalanceScope::Product(product), BalanceScope::Currency);
        warn!(obstacle = %format_args!("balance of {scope}"), %scope, answer, "balance too low: orders of this balance wait until it is topped up");
        let pause = self.pause();
        if let Err(error) = self.control.hold_balance(scope, pause).await {
            warn!(obstacle = REDIS, %error, "cannot store the balance hold; other workers still submit orders of this balance");
            return;
        }
        // Orders that this worker has already claimed stop at once.
        let mut holds = self.holds.write().unwrap_or_else(PoisonError::into_inner);
        holds.insert(scope, now.plus(pause));
    }

    /// Lifts the holds on this product and this currency, if there are any: HitPoints charged an order. Returns `true` if
    /// held orders may return.
    pub(crate) async fn lift(&self, product: ProductId, currency: Option<Currency>) -> bool {
        let mut is_lifted = false;
        for scope in scopes(product, currency) {
            if self.held_until(scope).is_none() {
                continue;
            }
            info!(%scope, "balance hold lifted: HitPoints charged an order");
            match self.control.lift_balance_hold(scope).await {
                Ok(()) => is_lifted = true,
                Err(error) => {
                    warn!(obstacle = REDIS, %error, "cannot lift the balance hold in Redis; other workers still hold orders back");
                }
            }
        }
        is_lifted
    }

    fn backoff(&self) -> Backoff {
        self.agreement.rules().policy.backoff
    }

    fn pause(&self) -> Duration {
        self.backoff().top_up(self.random.jitter())
    }

    fn held_until(&self, scope: BalanceScope) -> Option<Millis> {
        self.read(|holds| holds.get(&scope).copied())
    }

    fn read<T>(&self, read: impl FnOnce(&HashMap<BalanceScope, Millis>) -> T) -> T {
        read(&self.holds.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The holds that may concern an order.
fn scopes(product: ProductId, currency: Option<Currency>) -> impl Iterator<Item = BalanceScope> {
    let product = BalanceScope::Product(product);
    currency
        .map(BalanceScope::Currency)
        .into_iter()
        .chain([product])
}
