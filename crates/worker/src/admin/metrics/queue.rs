use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use hp_order::Millis;
use hp_queue::{Inspector, OpenOrders, Prefix, QueueMetrics};
use prometheus_client::{
    encoding::prometheus_text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::shared_reading::SharedReading;

type Seconds = Gauge<f64, AtomicU64>;

/// The figures of the queue. Every process of the queue exports the same ones.
pub(super) struct QueueExport {
    inspector: Inspector,
    prefix: String,
    reading: SharedReading<Arc<QueueMetrics>>,
}

impl QueueExport {
    pub(super) fn new(inspector: Inspector, prefix: &Prefix) -> Self {
        Self {
            inspector,
            prefix: prefix.to_string(),
            reading: SharedReading::new(),
        }
    }

    /// The figures in Prometheus' text format. If Redis does not answer soon, they only say so.
    pub(super) async fn text(&self) -> String {
        let read = async { self.inspector.metrics().await.map(Arc::new) };
        let figures = self.reading.get(read).await;
        text(&self.prefix, figures.as_deref())
    }
}

fn text(prefix: &str, figures: Option<&QueueMetrics>) -> String {
    let label = ("queue".into(), prefix.to_owned().into());
    let mut figures_of_queue = Export(Registry::with_prefix_and_labels(
        "hp_queue",
        std::iter::once(label),
    ));
    figures_of_queue.add(figures);
    let mut text = String::new();
    encode(&mut text, &figures_of_queue.0).expect("writing to a string does not fail");
    text
}

/// Registers values that are known already. A value that could not be read is absent.
struct Export(Registry);

impl Export {
    fn add(&mut self, figures: Option<&QueueMetrics>) {
        let help = "Whether Redis has answered: without an answer the other metrics of the queue are absent";
        self.gauge("up", help, Some(figures.is_some().into()));
        if let Some(figures) = figures {
            self.add_orders(figures);
            self.add_inbox(figures);
            self.add_holds(figures);
            self.add_notifications(figures);
            self.add_results(figures);
            self.add_workers(figures);
            self.add_money(figures);
        }
    }

    fn add_orders(&mut self, figures: &QueueMetrics) {
        let help = "Open orders by state";
        self.family(
            "open_orders",
            help,
            "state",
            figures.open_orders.map(states),
        );
        let schedule = figures.schedule;
        let help = "Orders that wait for an operator";
        self.gauge(
            "review_orders",
            help,
            schedule.map(|schedule| schedule.for_operator),
        );
        let help = "Orders that a worker may claim now, besides those in the inbox";
        self.gauge("due_orders", help, schedule.map(|schedule| schedule.due));
        let help = "By how much the earliest due order is late";
        self.seconds("schedule_lag", help, schedule.map(|schedule| schedule.lag));
        let help = "Time since the oldest open order was admitted";
        self.seconds("oldest_open_order_age", help, figures.oldest_open_order_age);
    }

    fn add_inbox(&mut self, figures: &QueueMetrics) {
        let inbox = figures.inbox;
        let help = "Entries of the inbox that no worker has taken yet";
        self.gauge("inbox_entries", help, inbox.entries);
        let help = "Time since the oldest entry of the inbox was enqueued";
        self.seconds("inbox_oldest_age", help, inbox.oldest_age);
        let help = "Entries that left the inbox before a worker took them";
        self.counter("lost_entries", help, inbox.lost);
        let help = "Dead letters: entries of the inbox that name no usable order";
        self.gauge("dead_letters", help, figures.dead_letters);
    }

    fn add_holds(&mut self, figures: &QueueMetrics) {
        let help = "Balances at HitPoints that are known to be too low";
        self.gauge("balance_holds", help, figures.balance_holds);
        let help = "Orders that wait for a balance";
        self.gauge("held_orders", help, figures.held_orders);
        let help = "Whether the queue is paused";
        self.gauge("paused", help, figures.is_paused.map(Into::into));
        let help = "Whether the breaker is open, because HitPoints does not answer";
        self.gauge(
            "breaker_open",
            help,
            figures.is_breaker_open.map(Into::into),
        );
    }

    fn add_notifications(&mut self, figures: &QueueMetrics) {
        let notifications = figures.notifications;
        let help = "Events that wait to be notified";
        self.gauge(
            "notifications_pending",
            help,
            notifications.map(|known| known.pending),
        );
        let help = "Events that the receiver of notifications has accepted";
        self.counter(
            "notifications_delivered",
            help,
            notifications.map(|known| known.delivered),
        );
        let help = "Events whose notification was given up";
        self.counter(
            "notifications_undelivered",
            help,
            notifications.map(|known| known.undelivered),
        );
    }

    fn add_results(&mut self, figures: &QueueMetrics) {
        let help = "Ended orders whose repetitions wait for a copy of the result";
        self.gauge("replays_waiting", help, figures.replays_waiting);
        let streams = [
            ("common", figures.common_stream_bytes),
            ("own", figures.own_streams_bytes),
        ];
        let known = streams
            .into_iter()
            .filter_map(|(name, bytes)| Some((name.into(), bytes?)));
        let help = "Estimated memory of the common result stream, and of the producers' own";
        self.family("result_stream_bytes", help, "stream", Some(known.collect()));
    }

    fn add_workers(&mut self, figures: &QueueMetrics) {
        let help = "Workers that are alive";
        self.gauge("workers", help, figures.workers);
        let help = "Workers that are alive and claim no orders";
        self.gauge("faulty_workers", help, figures.faulty_workers);
        let help = "The end of the last reconciliation run of any process, in Unix time; 0 if there was none";
        let last_run = figures.last_run.map(|Millis(at)| Duration::from_millis(at));
        self.seconds("reconcile_last_run_timestamp", help, last_run);
    }

    fn add_money(&mut self, figures: &QueueMetrics) {
        let help = "What was charged since midnight UTC, in hundredths of the currency";
        let charged = figures.charged_today.clone();
        self.family("charged_today_minor_units", help, "currency", charged);
    }

    fn gauge(&mut self, name: &str, help: &str, value: Option<u64>) {
        if let Some(value) = value {
            let gauge: Gauge = Gauge::default();
            gauge.set(number(value));
            self.0.register(name, help, gauge);
        }
    }

    fn counter(&mut self, name: &str, help: &str, value: Option<u64>) {
        if let Some(value) = value {
            let counter: Counter = Counter::default();
            counter.inc_by(value);
            self.0.register(name, help, counter);
        }
    }

    fn seconds(&mut self, name: &str, help: &str, value: Option<Duration>) {
        if let Some(value) = value {
            let gauge = Seconds::default();
            gauge.set(value.as_secs_f64());
            self.0.register_with_unit(name, help, Unit::Seconds, gauge);
        }
    }

    fn family(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: Option<BTreeMap<String, u64>>,
    ) {
        let family = Family::<[(&'static str, String); 1], Gauge>::default();
        for (of, value) in values.into_iter().flatten() {
            family.get_or_create(&[(label, of)]).set(number(value));
        }
        self.0.register(name, help, family);
    }
}

fn states(orders: OpenOrders) -> BTreeMap<String, u64> {
    orders
        .by_state()
        .map(|(state, orders)| (state.to_string(), orders))
        .into()
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
