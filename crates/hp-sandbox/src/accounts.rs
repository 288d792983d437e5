//! The accounts and the orders, and the charge that changes both in one step.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;
use tokio::sync::watch;

use crate::api_error::{self, ApiError};
use crate::catalogue::{self, Product};
use crate::ledger_file::{Entry, LedgerFile};
use crate::options::{Duplicate, Options};
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
    /// Keeps charges and balances over a restart.
    file: Option<LedgerFile>,
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
    /// Opens the accounts: empty, or with what the ledger file has kept.
    pub(crate) fn open(options: &Options) -> io::Result<Self> {
        let mut state = State::default();
        match &options.ledger {
            None => state.open_accounts(&options.balance)?,
            Some(path) => {
                let (file, entries) = LedgerFile::open(path, options.seed)?;
                for entry in &entries {
                    state.restore(entry)?;
                }
                state.file = Some(file);
                if entries.is_empty() {
                    state.open_accounts(&options.balance)?;
                }
            }
        }
        let charges = watch::Sender::new(state.orders.len());
        Ok(Self {
            duplicate: options.duplicate,
            state: Mutex::new(state),
            charges,
        })
    }

    /// Debits the account and stores the order, both or neither.
    ///
    /// # Errors
    /// The ledger file cannot be written. Nothing was charged.
    pub(crate) fn charge(&self, request: &OrderRequest<'_>) -> io::Result<Result<Order, ApiError>> {
        let total = request.product.unit_price * Decimal::from(request.quantity);
        let mut state = self.state();
        if let Some(first) = state.find(request.out_trade_id) {
            match self.duplicate {
                Duplicate::Exists => return Ok(Err(api_error::EXISTS)),
                Duplicate::Locked => return Ok(Err(api_error::LOCKED)),
                Duplicate::Replay => return Ok(Ok(first.clone())),
                Duplicate::Charge => {}
            }
        }
        if let Err(refusal) = state.check_balance(request.product.currency, total) {
            return Ok(Err(refusal));
        }
        let order = state.order(request, total);
        state.write(&Entry::of_charge(&order))?;
        state.insert(&order);
        self.charges.send_replace(state.orders.len());
        Ok(Ok(order))
    }

    pub(crate) async fn wait_for_charge(&self, out_trade_id: &str) {
        let mut charges = self.charges.subscribe();
        let is_there = |_: &usize| self.state().find(out_trade_id).is_some();
        // The sender lives as long as `self`.
        let _ = charges.wait_for(is_there).await;
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

    /// # Errors
    /// The ledger file cannot be written. The balance is as before.
    pub(crate) fn set_balance(&self, balance: &Balance) -> io::Result<()> {
        let mut state = self.state();
        state.write(&Entry::of_balance(&balance.currency, balance.amount))?;
        let account = state.accounts.entry(balance.currency.clone()).or_default();
        account.balance = balance.amount;
        account.top_ups += 1;
        Ok(())
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

    fn open_accounts(&mut self, balances: &[Balance]) -> io::Result<()> {
        let opened = if balances.is_empty() {
            let currencies = catalogue::currencies().into_iter();
            currencies
                .map(|currency| (currency.to_owned(), DEFAULT_BALANCE))
                .collect::<Vec<_>>()
        } else {
            let balances = balances.iter();
            balances.map(|b| (b.currency.clone(), b.amount)).collect()
        };
        for (currency, balance) in opened {
            self.write(&Entry::of_balance(&currency, balance))?;
            let top_ups = 0;
            self.accounts.insert(currency, Account { balance, top_ups });
        }
        Ok(())
    }

    /// Repeats what a line of the ledger file reports.
    fn restore(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Balance { currency, amount } => {
                let account = self.accounts.entry(currency.clone()).or_default();
                account.balance = *amount;
            }
            Entry::Charge(charge) => {
                let order = charge.order(self.orders.len() as u64 + 1)?;
                self.insert(&order);
            }
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.append(entry))
    }

    fn check_balance(&self, currency: &str, total: Decimal) -> Result<(), ApiError> {
        let account = self.accounts.get(currency).ok_or(api_error::NO_ACCOUNT)?;
        if account.balance < total {
            return Err(api_error::BALANCE);
        }
        Ok(())
    }

    /// The next order.
    fn order(&self, request: &OrderRequest<'_>, total: Decimal) -> Order {
        Order {
            out_trade_id: Arc::from(request.out_trade_id),
            number: self.orders.len() as u64 + 1,
            product: request.product,
            quantity: request.quantity,
            total,
            created: request.now,
            record_delay: request.record_delay,
            record_defect: request.record_defect,
        }
    }

    /// Charges an order.
    fn insert(&mut self, order: &Order) {
        let currency = order.product.currency.to_owned();
        self.accounts.entry(currency).or_default().balance -= order.total;
        let index = self.orders.len();
        self.latest.insert(Arc::clone(&order.out_trade_id), index);
        self.orders.push(order.clone());
    }
}
