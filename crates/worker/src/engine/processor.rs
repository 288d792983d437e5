use std::time::Duration;

use hp_api::{CallError, Client, FetchCards, NotFoundRule, Outcome, RefusalKind};
use hp_order::{
    DecisionInputs, Event, Millis, Policy, QueryVerdict, Record, Rejection, Task, plan,
};
use hp_queue::{Control, Handle, Inspector, Ledger, Rules};
use tokio::sync::Notify;

use super::{
    balance_gate::BalanceGate, catalogue::Catalogue, claimed_order::ClaimedOrder,
    not_found_probe::NotFoundProbe,
};
use crate::{config::Config, random::Random, terminal::CommandError};

/// Processes claimed orders: decides with [`plan`] what to do, calls HitPoints, and returns the event.
pub(crate) struct OrderProcessor {
    client: Client,
    pub(crate) catalogue: Catalogue,
    pub(crate) probe: NotFoundProbe,
    pub(crate) balance_gate: BalanceGate,
    /// The queue itself, from which run leases are created.
    pub(crate) queue: Handle,
    pub(crate) ledger: Ledger,
    pub(crate) control: Control,
    pub(crate) inspector: Inspector,
    pub(crate) policy: Policy,
    pub(crate) lease: Duration,
    /// Notified when an order was rescheduled, so that the poller learns when it is due.
    pub(crate) rescheduled: Notify,
    /// Identifies this process in logs, in `{hp}:workers` and as the `by` of a pause.
    pub(crate) name: String,
    pub(crate) random: Random,
}

impl OrderProcessor {
    /// Builds the processor of this process. Connects at the first call.
    pub(crate) fn open(config: &Config, random: Random) -> Result<Self, CommandError> {
        let (client, queue) = (config.client()?, config.handle()?);
        let (rules, inspector) = (Rules::from(config), Inspector::new(queue.clone()));
        let control = Control::new(queue.clone(), rules);
        Ok(Self {
            catalogue: Catalogue::new(client.clone(), config.lease / 3),
            probe: NotFoundProbe::new(client.clone(), inspector.clone()),
            balance_gate: BalanceGate::new(control.clone(), config.policy.backoff, random.clone()),
            client,
            ledger: Ledger::new(queue.clone(), rules),
            queue,
            control,
            inspector,
            policy: config.policy,
            lease: config.lease,
            rescheduled: Notify::new(),
            name: process_name(),
            random,
        })
    }

    /// Does what [`plan`] says about a claimed order, and returns what happened.
    pub(crate) async fn process(&self, order: &ClaimedOrder) -> Event {
        match plan(order.record(), &self.policy, order.now()) {
            Task::Conclude(event) => event,
            Task::Query => Event::Queried(self.query(order.record(), order.now()).await),
            Task::Submit => match self.reason_not_to_submit(order).await {
                Some(event) => event,
                None => self.submit(order).await,
            },
        }
    }

    async fn reason_not_to_submit(&self, order: &ClaimedOrder) -> Option<Event> {
        if let Some(rejection) = self.objection(order.record()).await {
            return Some(Event::Declined(rejection));
        }
        if let Some(delay) = self.balance_delay(order).await {
            return Some(Event::BalanceHeld(delay));
        }
        order.is_lease_over(self.lease).then_some(Event::Released)
    }

    /// The product list's objection to a first submission. HitPoints judges an order that was submitted before.
    async fn objection(&self, record: &Record) -> Option<Rejection> {
        if !record.is_first_attempt() {
            return None;
        }
        self.catalogue.objection(&record.wanted).await
    }

    async fn balance_delay(&self, order: &ClaimedOrder) -> Option<Duration> {
        let currency = self.catalogue.currency(order.record().wanted.product_id)?;
        self.balance_gate.delay(currency, order.now()).await
    }

    async fn submit(&self, order: &ClaimedOrder) -> Event {
        let (wanted, lease, claimed) = (&order.record().wanted, self.lease, order.clone());
        // The lease may end while this process is suspended. Another worker may then claim the order, so this process
        // must send nothing any more.
        let answer = self
            .client
            .fetch_if(wanted, move || !claimed.is_lease_over(lease))
            .await;
        if answer == Err(CallError::Cancelled) {
            return Event::Released;
        }
        let outcome = Outcome::of(answer);
        self.update_balance(wanted, &outcome).await;
        Event::Submitted(outcome)
    }

    async fn update_balance(&self, wanted: &FetchCards, outcome: &Outcome) {
        match outcome {
            Outcome::Charged(order) => self.balance_gate.lift(order.currency).await,
            Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::LowBalance => {
                if let Some(currency) = self.catalogue.currency(wanted.product_id) {
                    self.balance_gate.hold(currency, &refusal.message).await;
                }
            }
            _ => {}
        }
    }

    /// Queries HitPoints for the record of an order. A "not found" that would decide the order now is confirmed first.
    pub(crate) async fn query(&self, record: &Record, now: Millis) -> QueryVerdict {
        let rule = if record.is_decided_by_not_found(&self.policy, now) {
            NotFoundRule::Proven
        } else {
            NotFoundRule::TooEarly
        };
        self.probe.query(&record.wanted, rule).await
    }

    /// The time and the randomness of a decision that is made at `now`.
    pub(crate) fn decision_inputs(&self, now: Millis) -> DecisionInputs {
        DecisionInputs {
            now,
            jitter: self.random.jitter(),
        }
    }
}

/// Returns the host name and the process id.
fn process_name() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "worker"
    } else {
        host.trim()
    };
    format!("{host}:{}", std::process::id())
}
