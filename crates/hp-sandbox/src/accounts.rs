//! The accounts and the orders, and the charge that changes both in one step.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;
use tokio::sync::watch;

use crate::api_error::{self, ApiError};
use crate::catalogue::{self, Product};
use crate::options::Duplicate;
use crate::order::{Defect, Order};
use crate::setting::Balance;

/// The balance of every account if no balance is configured: 1,000,000,000.00.
const DEFAULT_BALANCE: Decimal = Decimal::from_parts(1_215_752_192, 23, 0, false, 2);

pub(crate) struct Accounts {
    duplicate: Duplicate,
    state: Mutex<State>,
    /// The number of charges so far.
    charges: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    /// Sorted by time of charge. The number of an order is its index plus one.
    orders: Vec<Order>,
    /// The index of the latest order with this `out_trade_id`.
    latest: HashMap<Arc<str>, usize>,
}

#[derive(Clone, Copy, Default)]
struct Account {
    balance: Decimal,
    /// How often the balance was set since the start.
    top_ups: u64,
}

/// An order whose parameters are valid and which is not charged yet.
pub(crate) struct OrderRequest<'a> {
    pub(crate) out_trade_id: &'a str,
    pub(crate) product: &'static Product,
    pub(crate) quantity: u32,
    pub(crate) now: SystemTime,
    /// How long queries do not find the order.
    pub(crate) record_delay: Duration,
    pub(crate) record_defect: Option<Defect>,
}

impl Accounts {
    pub(crate) fn new(duplicate: Duplicate, balances: &[Balance]) -> Self {
        let account = |currency: &str, balance| {
            let top_ups = 0;
            (currency.to_owned(), Account { balance, top_ups })
        };
        let accounts = if balances.is_empty() {
            let currencies = catalogue::currencies().into_iter();
            currencies.map(|c| account(c, DEFAULT_BALANCE)).collect()
        } else {
            let balances = balances.iter();
            balances.map(|b| account(&b.currency, b.amount)).collect()
        };
        let state = Mutex::new(State {
            accounts,
            ..State::default()
        });
        let charges = watch::Sender::new(0);
        Self {
            duplicate,
            state,
            charges,
        }
    }

    /// Debits the account and stores the order, both or neither.
    pub(crate) fn charge(&self, request: &OrderRequest<'_>) -> Result<Order, ApiError> {
        let total = request.product.unit_price * Decimal::from(request.quantity);
        let mut state = self.state();
        if let Some(first) = state.find(request.out_trade_id) {
            match self.duplicate {
                Duplicate::Exists => return Err(api_error::EXISTS),
                Duplicate::Locked => return Err(api_error::LOCKED),
                Duplicate::Replay => return Ok(first.clone()),
                Duplicate::Charge => {}
            }
        }
        state.debit(request.product.currency, total)?;
        let order = state.insert(request, total);
        self.charges.send_replace(state.orders.len());
        Ok(order)
    }

    pub(crate) async fn wait_for_charge(&self, out_trade_id: &str) {
        let mut charges = self.charges.subscribe();
        let is_charged = |_: &usize| self.state().find(out_trade_id).is_some();
        // The sender lives as long as `self`.
        let _ = charges.wait_for(is_charged).await;
    }

    /// Finds the latest order with this id, unless its record is still delayed.
    pub(crate) fn find(&self, out_trade_id: &str, now: SystemTime) -> Option<Order> {
        let state = self.state();
        let order = state.find(out_trade_id)?;
        order.is_visible(now).then(|| order.clone())
    }

    pub(crate) fn find_by_number(&self, number: u64) -> Option<Order> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.state().orders.get(index).cloned()
    }

    pub(crate) fn set_balance(&self, balance: Balance) {
        let mut state = self.state();
        let account = state.accounts.entry(balance.currency).or_default();
        account.balance = balance.amount;
        account.top_ups += 1;
    }

    pub(crate) fn top_ups(&self, currency: &str) -> u64 {
        self.state().accounts.get(currency).map_or(0, |a| a.top_ups)
    }

    /// Copies all orders and the balances that belong to them.
    pub(crate) fn snapshot(&self) -> (Vec<Order>, BTreeMap<String, Decimal>) {
        let state = self.state();
        let entry = |(currency, account): (&String, &Account)| (currency.clone(), account.balance);
        let balances = state.accounts.iter().map(entry).collect();
        (state.orders.clone(), balances)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, out_trade_id: &str) -> Option<&Order> {
        self.orders.get(*self.latest.get(out_trade_id)?)
    }

    fn debit(&mut self, currency: &str, total: Decimal) -> Result<(), ApiError> {
        let account = self.accounts.get_mut(currency);
        let account = account.ok_or(api_error::NO_ACCOUNT)?;
        if account.balance < total {
            return Err(api_error::BALANCE);
        }
        account.balance -= total;
        Ok(())
    }

    fn insert(&mut self, request: &OrderRequest<'_>, total: Decimal) -> Order {
        let index = self.orders.len();
        let order = Order {
            out_trade_id: Arc::from(request.out_trade_id),
            number: index as u64 + 1,
            product: request.product,
            quantity: request.quantity,
            total,
            created: request.now,
            record_delay: request.record_delay,
            record_defect: request.record_defect,
        };
        self.latest.insert(Arc::clone(&order.out_trade_id), index);
        self.orders.push(order.clone());
        order
    }
}
