//! Settles orders in groups: while one call is under way, orders gather for the next one.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use redis::{RedisError, Value, parse_redis_value};
use tokio::sync::oneshot;

use super::{Ledger, packed::Packed};
use crate::{error::QueueError, rules::millis, script::script};

script! {
    Settle<'a> = "settle.lua";
    // The script does not use `paused`. While a cluster moves the slot, a declared key that does not exist makes Redis
    // refuse the call. Otherwise an order that has moved already would seem to be forgotten.
    queue: jobs, schedule, open, states, results, own_streams, paused, breaker, rate, throttle, epoch, charged, spent, holds, held, events;
    order: ;
    arguments:
        prefix: &'a str, results_retention: u64, ledger_retention: u64, breaker_pause: u64, longest_breaker_pause: u64,
        call_interval: u64;
}

/// The most orders and bytes of one call: a script must not keep Redis busy for long. A larger order goes alone.
const MAX_ORDERS: usize = 64;
const MAX_BYTES: usize = 1024 * 1024;

/// The orders that wait for the next call.
#[derive(Default)]
pub(super) struct SettleQueue(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    waiting: VecDeque<Waiting>,
    is_sending: bool,
}

struct Waiting {
    order: Packed,
    answer: oneshot::Sender<Result<String, QueueError>>,
}

impl SettleQueue {
    fn locked<T>(&self, act: impl FnOnce(&mut Gathered) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns `true` if nobody sends, so that the caller has to.
    fn push(&self, waiting: Waiting) -> bool {
        self.locked(|gathered| {
            gathered.waiting.push_back(waiting);
            !std::mem::replace(&mut gathered.is_sending, true)
        })
    }

    /// Takes the orders of the next call. If there are none, nobody sends any more.
    fn take_group(&self) -> Vec<Waiting> {
        self.locked(|gathered| {
            let (mut bytes, mut orders) = (0, 0);
            for waiting in gathered.waiting.iter().take(MAX_ORDERS) {
                bytes += waiting.order.bytes().len();
                if orders > 0 && bytes > MAX_BYTES {
                    break;
                }
                orders += 1;
            }
            gathered.is_sending = orders > 0;
            gathered.waiting.drain(..orders).collect()
        })
    }
}

/// Someone who sends groups until no order waits. If it ends early, all orders that wait learn it.
struct Sending {
    queue: Arc<SettleQueue>,
    is_done: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        // Afterwards somebody else may send already.
        if !self.is_done {
            self.queue.locked(std::mem::take);
        }
    }
}

impl Ledger {
    /// Settles one order, together with others that are settled now, and returns the script's answer about it. The order
    /// is settled even if the caller stops waiting.
    pub(super) async fn settle_packed(&self, order: Packed) -> Result<String, QueueError> {
        let (answer, answered) = oneshot::channel();
        if self.settles.push(Waiting { order, answer }) {
            tokio::spawn(self.clone().settle_all());
        }
        answered.await.unwrap_or_else(|_| Err(unanswered()))
    }

    async fn settle_all(self) {
        let mut sending = Sending {
            queue: Arc::clone(&self.settles),
            is_done: false,
        };
        loop {
            let group = sending.queue.take_group();
            if group.is_empty() {
                sending.is_done = true;
                return;
            }
            let answers = self.settle_group(&group).await;
            for (index, waiting) in group.into_iter().enumerate() {
                let answer = match &answers {
                    Ok(answers) => read_answer(answers.get(index)),
                    Err(error) => Err(error.clone()),
                };
                // Fails if the caller has stopped waiting.
                let _ = waiting.answer.send(answer);
            }
        }
    }

    async fn settle_group(&self, group: &[Waiting]) -> Result<Vec<Value>, QueueError> {
        let rules = self.rules();
        let (breaker_pause, longest_breaker_pause) = rules.policy.backoff.outage();
        let mut call = Settle {
            prefix: &self.handle.keys.prefix,
            results_retention: millis(rules.retention.results),
            ledger_retention: millis(rules.retention.ledger),
            breaker_pause: millis(breaker_pause),
            longest_breaker_pause: millis(longest_breaker_pause),
            call_interval: rules.call_interval(),
        }
        .call(&self.handle.keys);
        for waiting in group {
            call.arg(waiting.order.bytes());
        }
        let answers = call.run(&mut self.handle.connection.clone()).await?;
        let observed = self.handle.connection.observed();
        observed.report(|observer| observer.orders_in_call("settle", group.len()));
        Ok(answers)
    }
}

/// Reads the answer about one order. An error inside of a list would be one of the whole call, so the script sends its text.
fn read_answer(answer: Option<&Value>) -> Result<String, QueueError> {
    let Some(Value::BulkString(bytes)) = answer else {
        let what = "the answer of `settle` has no text for each order";
        return Err(QueueError::Protocol(what.into()));
    };
    let text = String::from_utf8_lossy(bytes);
    match text.strip_prefix("error ") {
        Some(error) => Err(refusal(error)),
        None => Ok(text.into_owned()),
    }
}

/// Returns the error that Redis would have answered with this text.
fn refusal(text: &str) -> QueueError {
    let line = format!("-{}\r\n", text.replace(['\r', '\n'], " "));
    let answer = parse_redis_value(line.as_bytes()).and_then(Value::extract_error);
    match answer {
        Err(error) => error.into(),
        Ok(_) => QueueError::Protocol(text.into()),
    }
}

fn unanswered() -> QueueError {
    let error = io::Error::other("the call that settles the order ended without an answer");
    QueueError::Unreachable(RedisError::from(error))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::{MAX_BYTES, MAX_ORDERS, Packed, SettleQueue, Waiting, refusal};
    use crate::error::QueueError;

    fn push(queue: &SettleQueue, bytes: usize) -> bool {
        let mut order = Packed::default();
        order.text("x".repeat(bytes));
        let (answer, _) = oneshot::channel();
        queue.push(Waiting { order, answer })
    }

    #[test]
    fn groups_are_bounded_in_orders() {
        let queue = SettleQueue::default();
        let starts: Vec<_> = (0..=MAX_ORDERS).map(|_| push(&queue, 1)).collect();
        assert_eq!(starts.iter().filter(|starts| **starts).count(), 1);
        assert_eq!(queue.take_group().len(), MAX_ORDERS);
        assert_eq!(queue.take_group().len(), 1);
    }

    #[test]
    fn groups_are_bounded_in_bytes() {
        let queue = SettleQueue::default();
        for bytes in [2 * MAX_BYTES, MAX_BYTES / 2, MAX_BYTES / 3, MAX_BYTES / 3] {
            push(&queue, bytes);
        }
        let sizes = [1, 2, 1, 0].map(|_| queue.take_group().len());
        assert_eq!(sizes, [1, 2, 1, 0]);
    }

    #[test]
    fn queue_without_orders_needs_a_new_sender() {
        let queue = SettleQueue::default();
        assert!(push(&queue, 1));
        assert!(!push(&queue, 1));
        assert_eq!(queue.take_group().len(), 2);
        assert!(!push(&queue, 1));
        assert_eq!(queue.take_group().len(), 1);
        assert!(queue.take_group().is_empty());
        assert!(push(&queue, 1));
    }

    #[test]
    fn error_of_one_order_keeps_its_code() {
        let error = refusal("WRONGTYPE Operation against\na key");
        assert!(matches!(error, QueueError::Refused(_)), "{error}");
        assert_eq!(error.code(), Some("WRONGTYPE"));
        assert!(matches!(
            refusal("LOADING Redis"),
            QueueError::Unreachable(_)
        ));
    }
}
