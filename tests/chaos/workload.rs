//! What the shops put in, and when: a function of the seed.

use std::time::Duration;

use e2e::Entry;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

/// What the shops know of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// Of the product list.
    pub(crate) id: u64,
    /// Of the prices.
    pub(crate) currency: &'static str,
    /// For one card, in cents.
    pub(crate) unit_price: i64,
    /// Face value, in cents.
    pub(crate) value: i64,
}

/// The sandbox's price list, told here once more so that nobody checks himself.
pub(crate) const PRODUCTS: [Product; 5] = [
    product(2, "CNY", 950, 1000),
    product(5, "CNY", 9650, 10_000),
    product(9, "CNY", 99, 100),
    product(31, "USD", 4375, 5000),
    product(32, "USD", 940, 1000),
];

/// In no list.
const UNKNOWN_PRODUCT: u64 = 777;

const fn product(id: u64, currency: &'static str, unit_price: i64, value: i64) -> Product {
    Product {
        id,
        currency,
        unit_price,
        value,
    }
}

/// An order that a shop wants, and repeats until it has its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// The idempotency key.
    pub(crate) id: String,
    /// What is wanted.
    pub(crate) product: u64,
    /// How many of it.
    pub(crate) quantity: u32,
    /// The key of the stream for its result, if not the common one.
    pub(crate) reply_to: Option<String>,
    /// To be returned unchanged.
    pub(crate) meta: Option<String>,
    /// To be returned unchanged.
    pub(crate) traceparent: Option<String>,
    /// Far away.
    pub(crate) deadline: Option<u64>,
}

/// Why an entry is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To buy; repeated until there is a result.
    Buy,
    /// An order that has its result, once more.
    Repeat,
    /// The id of an order that has its result, with another quantity.
    Conflict,
    /// A good id and something malformed.
    Invalid,
    /// No usable id.
    NoId,
}

/// An entry for the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submission {
    /// After the start.
    pub(crate) at: Duration,
    /// Why.
    pub(crate) purpose: Purpose,
    /// The order that it names, good or not.
    pub(crate) id: String,
    /// The entry.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// What the shops want, and the entries by which they say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    /// All that can be bought or rejected.
    pub(crate) orders: Vec<Order>,
    /// By time.
    pub(crate) submissions: Vec<Submission>,
}

/// Streams that some shops have of their own, and the common one, which is the first.
pub(crate) const STREAMS: [&str; 4] = [
    "{hp}:results",
    "{hp}:results:till-1",
    "{hp}:results:till-2",
    "{hp}:results:web_shop.de",
];

/// `count` orders and some nonsense between, all within the time of the storm; the same for the same seed.
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

    /// The stream where its shop looks.
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

/// What the entry of a put would be read as.
impl From<&Submission> for Entry {
    fn from(submission: &Submission) -> Self {
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        submission.fields.iter().map(own).collect()
    }
}
