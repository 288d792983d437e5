//! The books: accounts, orders, and the charge that changes both at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;

use crate::catalogue::{self, Product};
use crate::options::Duplicate;
use crate::order::{Flaw, Order};
use crate::refused::{self, Refused};
use crate::setting::Balance;

/// What every account holds when no balance was given.
const AMPLE: Decimal = Decimal::from_parts(1_215_752_192, 23, 0, false, 2);

pub(crate) struct Bank {
    duplicate: Duplicate,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    accounts: BTreeMap<String, Account>,
    /// In the order in which they were charged; an order's number is its position plus one.
    orders: Vec<Order>,
    /// Position of the latest order with this id.
    latest: HashMap<Arc<str>, usize>,
}

#[derive(Clone, Copy, Default)]
struct Account {
    balance: Decimal,
    /// How often the balance has been set since the start.
    top_ups: u64,
}

/// An order that passed all checks that need no books.
pub(crate) struct Wanted<'a> {
    pub(crate) out_trade_id: &'a str,
    pub(crate) product: &'static Product,
    pub(crate) quantity: u32,
    pub(crate) now: SystemTime,
    /// For how long queries do not find the order.
    pub(crate) hidden: Duration,
    pub(crate) flaw: Option<Flaw>,
}

impl Bank {
    pub(crate) fn new(duplicate: Duplicate, balances: &[Balance]) -> Self {
        let mut books = Books::default();
        let open = |currency: &str, balance| {
            (
                currency.to_owned(),
                Account {
                    balance,
                    top_ups: 0,
                },
            )
        };
        books.accounts = if balances.is_empty() {
            let all = catalogue::currencies();
            all.into_iter().map(|c| open(c, AMPLE)).collect()
        } else {
            balances
                .iter()
                .map(|b| open(&b.currency, b.amount))
                .collect()
        };
        Self {
            duplicate,
            books: Mutex::new(books),
        }
    }

    /// Takes the money and notes the order, both or neither.
    pub(crate) fn charge(&self, wanted: &Wanted<'_>) -> Result<Order, Refused> {
        let total = wanted.product.unit_price * Decimal::from(wanted.quantity);
        let mut books = self.books();
        if let Some(first) = books.find(wanted.out_trade_id) {
            match self.duplicate {
                Duplicate::Exists => return Err(refused::EXISTS),
                Duplicate::Locked => return Err(refused::LOCKED),
                Duplicate::Replay => return Ok(first.clone()),
                Duplicate::Charge => {}
            }
        }
        books.take(wanted.product.currency, total)?;
        Ok(books.note(wanted, total))
    }

    /// The latest order with this id, if its record can be queried already.
    pub(crate) fn find(&self, out_trade_id: &str, now: SystemTime) -> Option<Order> {
        let books = self.books();
        let order = books.find(out_trade_id)?;
        order.is_visible(now).then(|| order.clone())
    }

    pub(crate) fn by_number(&self, number: u64) -> Option<Order> {
        let position = usize::try_from(number.checked_sub(1)?).ok()?;
        self.books().orders.get(position).cloned()
    }

    pub(crate) fn set_balance(&self, balance: Balance) {
        let mut books = self.books();
        let account = books.accounts.entry(balance.currency).or_default();
        account.balance = balance.amount;
        account.top_ups += 1;
    }

    pub(crate) fn top_ups(&self, currency: &str) -> u64 {
        self.books().accounts.get(currency).map_or(0, |a| a.top_ups)
    }

    /// All orders, and the balances that they left.
    pub(crate) fn books_so_far(&self) -> (Vec<Order>, BTreeMap<String, Decimal>) {
        let books = self.books();
        let entry = |(currency, account): (&String, &Account)| (currency.clone(), account.balance);
        let balances = books.accounts.iter().map(entry).collect();
        (books.orders.clone(), balances)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn find(&self, out_trade_id: &str) -> Option<&Order> {
        self.orders.get(*self.latest.get(out_trade_id)?)
    }

    fn take(&mut self, currency: &str, total: Decimal) -> Result<(), Refused> {
        let account = self.accounts.get_mut(currency).ok_or(refused::NO_ACCOUNT)?;
        if account.balance < total {
            return Err(refused::BALANCE);
        }
        account.balance -= total;
        Ok(())
    }

    fn note(&mut self, wanted: &Wanted<'_>, total: Decimal) -> Order {
        let order = Order {
            out_trade_id: Arc::from(wanted.out_trade_id),
            number: self.orders.len() as u64 + 1,
            product: wanted.product,
            quantity: wanted.quantity,
            total,
            created: wanted.now,
            hidden: wanted.hidden,
            flaw: wanted.flaw,
        };
        let position = self.orders.len();
        self.latest
            .insert(Arc::clone(&order.out_trade_id), position);
        self.orders.push(order.clone());
        order
    }
}
