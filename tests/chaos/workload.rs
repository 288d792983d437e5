//! The orders of the shops with their times: a function of the seed.

use std::time::Duration;

use e2e::Entry;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

/// A product as the shops know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// The id in the product list.
    pub(crate) id: u64,
    /// The currency of the prices.
    pub(crate) currency: &'static str,
    /// The price of one card in cents.
    pub(crate) unit_price: i64,
    /// The face value in cents.
    pub(crate) value: i64,
}

/// The sandbox's price list, repeated here so that the check is independent of it.
pub(crate) const PRODUCTS: [Product; 5] = [
    product(2, "CNY", 950, 1000),
    product(5, "CNY", 9650, 10_000),
    product(9, "CNY", 99, 100),
    product(31, "USD", 4375, 5000),
    product(32, "USD", 940, 1000),
];

/// An id that is in no list.
const UNKNOWN_PRODUCT: u64 = 777;

const fn product(id: u64, currency: &'static str, unit_price: i64, value: i64) -> Product {
    Product {
        id,
        currency,
        unit_price,
        value,
    }
}

/// An order that a shop enqueues again until it has its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// The idempotency key.
    pub(crate) id: String,
    /// The product id.
    pub(crate) product: u64,
    /// The number of cards.
    pub(crate) quantity: u32,
    /// The key of the result stream, unless it is the common one.
    pub(crate) reply_to: Option<String>,
    /// Returned unchanged in the result.
    pub(crate) meta: Option<String>,
    /// Returned unchanged in the result.
    pub(crate) traceparent: Option<String>,
    /// A deadline in the far future.
    pub(crate) deadline: Option<u64>,
}

/// The purpose of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A purchase, repeated until its result is read.
    Buy,
    /// A repetition of an order that has its result.
    Repeat,
    /// The id of an order that has its result, with another quantity.
    Conflict,
    /// A valid id with an invalid field.
    Invalid,
    /// An entry without a usable id.
    NoId,
}

/// An entry for the inbox with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submission {
    /// The time after the start.
    pub(crate) at: Duration,
    /// The purpose.
    pub(crate) purpose: Purpose,
    /// The order id in the entry, valid or not.
    pub(crate) id: String,
    /// The fields of the entry.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// The orders of the shops, and the entries for the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    /// All orders that can be bought or rejected.
    pub(crate) orders: Vec<Order>,
    /// All entries, sorted by time.
    pub(crate) submissions: Vec<Submission>,
}

/// The result streams. The first is the common one, the others belong to single shops.
pub(crate) const STREAMS: [&str; 4] = [
    "{hp}:results",
    "{hp}:results:till-1",
    "{hp}:results:till-2",
    "{hp}:results:web_shop.de",
];

/// Creates `count` orders and some invalid entries, all within the storm. The same seed gives the same workload.
pub(crate) fn workload(seed: u64, count: usize, storm: Duration) -> Workload {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut workload = Workload::default();
    for n in 0..count {
        let order = random_order(&mut rng, format!("S{seed}-{n}"));
        let at = storm.mul_f64(rng.random_range(0.0..0.95));
        let purpose = [
            Purpose::Repeat,
            Purpose::Conflict,
            Purpose::Invalid,
            Purpose::NoId,
        ];
        if rng.random_bool(0.1) {
            let purpose = *purpose.choose(&mut rng).expect("there are some");
            workload
                .submissions
                .push(extra_submission(&order, at, purpose));
        }
        workload
            .submissions
            .push(order.submission(at, Purpose::Buy));
        workload.orders.push(order);
    }
    workload.submissions.sort_by_key(|submission| submission.at);
    workload
}

fn random_order(rng: &mut StdRng, id: String) -> Order {
    let known = PRODUCTS.choose(rng).expect("there are some").id;
    let (product, quantity) = match rng.random_range(0..100) {
        0 => (UNKNOWN_PRODUCT, 1),
        1 => (2, 5000),
        2..6 => (known, rng.random_range(10..=20)),
        _ => (known, rng.random_range(1..=3)),
    };
    let mut one_in = |n: u32| rng.random_ratio(1, n);
    Order {
        product,
        quantity,
        reply_to: one_in(8).then(|| STREAMS[1 + id.len() % 3].to_owned()),
        meta: one_in(5).then(|| format!("basket of {id}, caf\u{e9} \u{2615}")),
        traceparent: one_in(10).then(|| format!("00-{:032x}-{:016x}-01", id.len() + 1, quantity)),
        // The year 2100.
        deadline: one_in(10).then_some(4_102_444_800_000),
        id,
    }
}

impl Order {
    fn submission(&self, at: Duration, purpose: Purpose) -> Submission {
        let mut fields = vec![
            ("order_id", self.id.clone()),
            ("product_id", self.product.to_string()),
            ("quantity", self.quantity.to_string()),
        ];
        let extras = [
            ("reply_to", &self.reply_to),
            ("meta", &self.meta),
            ("traceparent", &self.traceparent),
        ];
        for (name, value) in extras {
            fields.extend(value.clone().map(|value| (name, value)));
        }
        fields.extend(self.deadline.map(|at| ("deadline", at.to_string())));
        Submission {
            at,
            purpose,
            id: self.id.clone(),
            fields,
        }
    }

    /// The stream that the order's shop reads.
    pub(crate) fn stream(&self) -> &str {
        self.reply_to.as_deref().unwrap_or(STREAMS[0])
    }
}

fn extra_submission(order: &Order, at: Duration, purpose: Purpose) -> Submission {
    let mut submission = order.submission(at, purpose);
    match purpose {
        Purpose::Conflict => submission.fields[2].1 = (order.quantity + 1).to_string(),
        Purpose::Invalid => {
            submission.id = format!("{}-invalid", order.id);
            submission.fields[0].1.clone_from(&submission.id);
            submission.fields[2].1 = "a few".into();
        }
        Purpose::NoId => {
            submission.id = format!("{} with spaces", order.id);
            submission.fields[0].1.clone_from(&submission.id);
        }
        Purpose::Buy | Purpose::Repeat => {}
    }
    submission
}

/// The entry as a reader of the inbox sees it.
impl From<&Submission> for Entry {
    fn from(submission: &Submission) -> Self {
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        submission.fields.iter().map(own).collect()
    }
}
