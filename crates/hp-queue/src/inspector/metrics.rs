use std::{collections::BTreeMap, time::Duration};

use hp_order::{Millis, State};
use redis::Value;

use super::Inspector;
use crate::{error::QueueError, fields::FieldReader, script::script};

script! {
    ReadMetrics<'a> = "metrics.lua";
    queue: jobs, inbox, epoch, schedule, open, states, rejected, paused, breaker, holds, held, workers, runs, notifier, events, spent, own_streams;
    order: ;
    arguments: prefix: &'a str;
}

/// The figures of a queue for monitoring, all of the same moment. A figure is `None` if Redis cannot read it, because another
/// program has put something else into its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMetrics {
    /// The time of Redis' clock.
    pub now: Millis,
    /// The open orders by state.
    pub open_orders: Option<OpenOrders>,
    /// Time since the oldest open order was admitted. Zero if none is open.
    pub oldest_open_order_age: Option<Duration>,
    /// The inbox.
    pub inbox: InboxMetrics,
    /// The schedule.
    pub schedule: Option<ScheduleMetrics>,
    /// Number of balances that are known to be too low.
    pub balance_holds: Option<u64>,
    /// Number of orders that wait for such a balance.
    pub held_orders: Option<u64>,
    /// Number of ended orders whose repetitions wait for a copy of the result.
    pub replays_waiting: Option<u64>,
    /// The notifications.
    pub notifications: Option<NotificationMetrics>,
    /// Number of dead letters.
    pub dead_letters: Option<u64>,
    /// Memory of the common result stream in bytes, as Redis estimates it.
    pub common_stream_bytes: Option<u64>,
    /// Memory of the producers' own result streams in bytes. If there are more than 64, those that were written last stand for
    /// all. At most 10,000 count.
    pub own_streams_bytes: Option<u64>,
    /// Number of workers that are alive.
    pub workers: Option<u64>,
    /// Number of workers that are alive and claim no orders.
    pub faulty_workers: Option<u64>,
    /// The queue is paused.
    pub is_paused: Option<bool>,
    /// The breaker is open.
    pub is_breaker_open: Option<bool>,
    /// What was charged since midnight (UTC, by Redis' clock), by currency, in minor units: hundredths, as HitPoints writes
    /// two decimals for every currency. An order counts on the day on which the queue learns of its charge. `unknown` stands
    /// for orders whose record names no currency, and for what exceeds 32 currencies.
    pub charged_today: Option<BTreeMap<String, u64>>,
    /// When the last reconciliation run of any process ended. Zero if there was none.
    pub last_run: Option<Millis>,
}

/// Number of open orders in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOrders {
    /// Never sent.
    pub queued: u64,
    /// Claimed for submission.
    pub submitting: u64,
    /// The outcome is unknown.
    pub uncertain: u64,
    /// Certainly not charged; to be submitted later.
    pub waiting: u64,
    /// An operator must decide.
    pub review: u64,
}

/// The inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxMetrics {
    /// Number of entries.
    pub entries: Option<u64>,
    /// Time since the oldest entry was enqueued, by its id. Zero if there is none, or if its producer has chosen an id without
    /// a time. `None` while the oldest entry may be very large, because Redis would copy it.
    pub oldest_age: Option<Duration>,
    /// Number of entries that have left the inbox before a worker took them: another program has trimmed or deleted them.
    pub lost: Option<u64>,
}

/// The schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleMetrics {
    /// Number of orders that wait for an operator, including ended ones whose result cannot be published again.
    pub for_operator: u64,
    /// Number of orders that are due: a claim may take them.
    pub due: u64,
    /// By how much the first of them is late. Zero if none is due.
    pub lag: Duration,
}

/// The notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotificationMetrics {
    /// Number of events that wait to be sent. Zero if the queue has never had a receiver.
    pub pending: u64,
    /// Number of events that the receiver has accepted.
    pub delivered: u64,
    /// Number of events that were given up.
    pub undelivered: u64,
}

impl OpenOrders {
    /// `open` orders are open. They include these; the others are submitting.
    fn new(open: u64, [queued, uncertain, waiting, review]: [u64; 4]) -> Self {
        let mut left = open;
        // Another program may have deleted orders that are still counted.
        let mut take = |wanted: u64| {
            let taken = wanted.min(left);
            left -= taken;
            taken
        };
        let (review, uncertain) = (take(review), take(uncertain));
        let (waiting, queued) = (take(waiting), take(queued));
        Self {
            queued,
            submitting: left,
            uncertain,
            waiting,
            review,
        }
    }

    /// The numbers by state.
    pub fn by_state(self) -> [(State, u64); 5] {
        [
            (State::Queued, self.queued),
            (State::Submitting, self.submitting),
            (State::Uncertain, self.uncertain),
            (State::Waiting, self.waiting),
            (State::Review, self.review),
        ]
    }

    /// `review`: the name of the number of those in review.
    pub(super) fn read(answer: &FieldReader<'_>, review: &str) -> Option<Self> {
        let sets = ["queued", "uncertain", "waiting", review];
        let [queued, uncertain, waiting, review] = sets.map(|name| number(answer, name));
        let sets = [queued?, uncertain?, waiting?, review?];
        Some(Self::new(number(answer, "open")?, sets))
    }
}

impl ScheduleMetrics {
    fn read(answer: &FieldReader<'_>) -> Option<Self> {
        Some(Self {
            for_operator: number(answer, "for_operator")?,
            due: number(answer, "due")?,
            lag: time(answer, "lag")?,
        })
    }
}

impl NotificationMetrics {
    fn read(answer: &FieldReader<'_>) -> Option<Self> {
        Some(Self {
            pending: number(answer, "pending")?,
            delivered: number(answer, "delivered")?,
            undelivered: number(answer, "undelivered")?,
        })
    }
}

/// Every open order is in the schedule or held. What else is in the schedule has ended.
fn replays_waiting(answer: &FieldReader<'_>) -> Option<u64> {
    let [scheduled, held, open] = ["scheduled", "held", "open"].map(|name| number(answer, name));
    Some((scheduled? + held?).saturating_sub(open?))
}

fn number(answer: &FieldReader<'_>, name: &str) -> Option<u64> {
    answer.text(name)?.parse().ok()
}

fn time(answer: &FieldReader<'_>, name: &str) -> Option<Duration> {
    number(answer, name).map(Duration::from_millis)
}

impl Inspector {
    /// Reads the figures of the queue for monitoring. It takes a fraction of a millisecond of Redis, however many orders are
    /// open.
    pub async fn metrics(&self) -> Result<QueueMetrics, QueueError> {
        let prefix = &self.handle.keys.prefix;
        let call = ReadMetrics { prefix }.call(&self.handle.keys);
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        let number = |name| number(&answer, name);
        Ok(QueueMetrics {
            now: Millis(answer.answer("now")?),
            open_orders: OpenOrders::read(&answer, "review"),
            oldest_open_order_age: time(&answer, "oldest_open"),
            inbox: InboxMetrics {
                entries: number("inbox"),
                oldest_age: time(&answer, "inbox_age"),
                lost: number("lost"),
            },
            schedule: ScheduleMetrics::read(&answer),
            balance_holds: number("holds"),
            held_orders: number("held"),
            replays_waiting: replays_waiting(&answer),
            notifications: NotificationMetrics::read(&answer),
            dead_letters: number("letters"),
            common_stream_bytes: number("common_bytes"),
            own_streams_bytes: number("own_bytes"),
            workers: number("workers"),
            faulty_workers: number("faulty"),
            is_paused: number("paused").map(|paused| paused > 0),
            is_breaker_open: number("breaker").map(|open| open > 0),
            charged_today: answer
                .has("spent")
                .then(|| answer.map("spent").into_iter().collect()),
            last_run: number("last_run").map(Millis),
        })
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{FieldReader, OpenOrders, replays_waiting};

    fn answer(pairs: &[(&str, &str)]) -> Value {
        let bulk = |text: &&str| Value::BulkString(text.as_bytes().to_vec());
        let words = pairs.iter().flat_map(|(name, value)| [name, value]);
        Value::Array(words.map(bulk).collect())
    }

    #[test]
    fn orders_in_no_set_are_submitting() {
        let orders = OpenOrders::new(10, [1, 2, 3, 1]);
        let wanted = OpenOrders {
            queued: 1,
            submitting: 3,
            uncertain: 2,
            waiting: 3,
            review: 1,
        };
        assert_eq!(orders, wanted);
    }

    #[test]
    fn states_never_add_up_to_more_than_is_open() {
        for open in 0..12 {
            let orders = OpenOrders::new(open, [4, 3, 2, 1]);
            let sent = orders.submitting + orders.uncertain + orders.review;
            assert_eq!(sent + orders.queued + orders.waiting, open);
            assert_eq!(orders.review, open.min(1));
        }
    }

    #[test]
    fn figure_that_is_missing_is_not_made_up() {
        let answer = answer(&[("open", "5"), ("scheduled", "7"), ("queued", "1")]);
        let answer = FieldReader::new(&answer);
        assert_eq!(OpenOrders::read(&answer, "review"), None);
        assert_eq!(replays_waiting(&answer), None);
    }

    #[test]
    fn scheduled_orders_that_are_not_open_are_replays() {
        for (open, wanted) in [("5", Some(4)), ("9", Some(0)), ("12", Some(0))] {
            let answer = answer(&[("open", open), ("scheduled", "7"), ("held", "2")]);
            assert_eq!(replays_waiting(&FieldReader::new(&answer)), wanted);
        }
    }
}
