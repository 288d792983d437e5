//! Entries of the inbox as the scripts read them, in a real Redis.

mod queue;
mod redis_server;
pub(crate) mod rules;

use std::{cell::RefCell, collections::HashMap};

use self::{
    queue::Queue,
    rules::{Fields, Job},
};

/// Separates the names and values of an entry, and the entries of an input.
const WORD_END: u8 = b'\x1e';
const ENTRY_END: u8 = b'\x1d';
/// What a shop might write at most: other tests have entries with more.
const MOST_ENTRIES: usize = 20;
const MOST_FIELDS: usize = 64;

/// What the worker made of the entries, or should have made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The claimed orders.
    pub(crate) orders: Vec<Order>,
    /// Streams, and the order id, the status and the reason of each answer.
    pub(crate) answers: HashMap<Vec<u8>, Vec<[Vec<u8>; 3]>>,
    /// The fields and the reason of each dead letter.
    pub(crate) dead_letters: Vec<(Fields, String)>,
}

/// An order as the worker gets it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) product_id: u64,
    pub(crate) quantity: u32,
    pub(crate) deadline: Option<u64>,
    pub(crate) reply_to: Option<Vec<u8>>,
    pub(crate) meta: Option<Vec<u8>>,
    pub(crate) traceparent: Option<Vec<u8>>,
}

thread_local! {
    static QUEUE: RefCell<Option<Queue>> = const { RefCell::new(None) };
}

/// Each entry makes an order, an answer or a dead letter, or repeats an order: what the protocol says, whatever stands beside it
/// in the inbox.
pub fn job_entry(input: &[u8]) {
    let entries: Vec<_> = input
        .split(|byte| *byte == ENTRY_END)
        .map(read_fields)
        .collect();
    let is_usual = |entry: &Fields| (1..=MOST_FIELDS).contains(&entry.len());
    if entries.len() > MOST_ENTRIES || !entries.iter().all(is_usual) {
        return;
    }
    let taken = QUEUE.with_borrow_mut(|queue| {
        let queue = queue.get_or_insert_with(Queue::start);
        queue.take(&entries)
    });
    assert_eq!(taken, expected(&entries));
}

/// A value may be missing: then it is empty.
fn read_fields(entry: &[u8]) -> Fields {
    let words: Vec<_> = entry.split(|byte| *byte == WORD_END).collect();
    let pairs = words.chunks(2);
    pairs
        .map(|pair| {
            (
                pair[0].to_vec(),
                pair.get(1).copied().unwrap_or_default().to_vec(),
            )
        })
        .collect()
}

fn expected(entries: &[Fields]) -> Taken {
    let (mut taken, mut admitted) = (Taken::default(), HashMap::<_, Job>::new());
    for fields in entries {
        let job = Job::read(fields);
        let Some(id) = job.id().map(str::to_owned) else {
            let reason = "invalid_order_id".to_owned();
            taken.dead_letters.push((fields.clone(), reason));
            continue;
        };
        match (admitted.get(&id), job.is_sound()) {
            (None, true) => {
                taken.orders.push(Order::of(&id, &job));
                admitted.insert(id, job);
            }
            (None, false) => taken.answer(&job, "rejected", "invalid_job"),
            (Some(_), false) => taken.answer(&job, "conflict", "invalid_repetition"),
            (Some(first), true) if !job.repeats(first) => {
                taken.answer(&job, "conflict", "order_id_conflict");
            }
            // A repetition of an order that has not ended.
            (Some(_), true) => {}
        }
    }
    taken
}

impl Taken {
    fn answer(&mut self, job: &Job, status: &str, reason: &str) {
        let id = job.get("order_id").unwrap_or_default();
        let answer = [id, status.as_bytes(), reason.as_bytes()].map(<[u8]>::to_vec);
        let stream = job.answer_stream().to_vec();
        self.answers.entry(stream).or_default().push(answer);
    }
}

impl Order {
    fn of(id: &str, job: &Job) -> Self {
        let text = |name| job.get(name).map(|value| str::from_utf8(value).unwrap());
        let bytes = |name| job.get(name).map(<[u8]>::to_vec);
        Self {
            id: id.into(),
            product_id: text("product_id").unwrap().parse().unwrap(),
            quantity: text("quantity").unwrap().parse().unwrap(),
            deadline: text("deadline").map(|text| text.parse().unwrap()),
            reply_to: bytes("reply_to"),
            meta: bytes("meta"),
            traceparent: bytes("traceparent"),
        }
    }
}
