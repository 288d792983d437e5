use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hp_api::{
    CallError, Client, CurrencyText, Doubt, DoubtKind, FetchCards, NotFoundRule, Outcome,
    RefusalKind,
};
use hp_order::{
    DecisionInputs, Event, Millis, Policy, QueryVerdict, Record, Rejection, Task, plan,
};
use hp_queue::{Agreement, Control, Handle, Inspector, Ledger, RateShare};
use tokio::sync::Notify;

use super::{
    account_control::{AccountControl, AccountVerdict},
    balance_gate::BalanceGate,
    catalogue::Catalogue,
    claimed_order::ClaimedOrder,
    extra_calls::wait_for_permit,
    not_found_probe::NotFoundProbe,
    order_spans::{OrderSpans, for_spans},
    process_name::process_name,
    queue_contact::QueueContact,
    rescheduled::Rescheduled,
    self_pause::SelfPause,
    throttle::Throttle,
    vendor_link::VendorLink,
    vendor_note::VendorNote,
};
use crate::{config::Config, metrics::ProcessMetrics, random::Random, terminal::CommandError};

/// Processes claimed orders: decides with [`plan`] what to do, calls HitPoints, and returns the event.
pub(crate) struct OrderProcessor {
    client: Client,
    account_control: AccountControl,
    /// Whether requests can leave this process.
    pub(crate) link: VendorLink,
    pub(crate) catalogue: Catalogue,
    pub(crate) probe: NotFoundProbe,
    /// The same for reconciliation runs, whose calls get only their share of the rate.
    pub(crate) run_probe: NotFoundProbe,
    pub(crate) balance_gate: BalanceGate,
    /// The queue itself, from which run leases are created.
    pub(crate) queue: Handle,
    pub(crate) ledger: Ledger,
    pub(crate) control: Control,
    pub(crate) inspector: Inspector,
    /// The account and the rules that all processes of the queue share.
    pub(crate) agreement: Agreement,
    /// Whether Redis answers.
    pub(crate) contact: QueueContact,
    /// Why this process alone claims no orders.
    pub(crate) self_pause: SelfPause,
    /// Shows operators how calls to HitPoints fail.
    pub(crate) vendor_note: VendorNote,
    /// What a front end of HitPoints has asked for.
    pub(crate) throttle: Arc<Throttle>,
    /// What this process has done.
    pub(crate) metrics: Arc<ProcessMetrics>,
    timeout: Duration,
    pub(crate) lease: Duration,
    /// The orders that this process has rescheduled.
    pub(crate) rescheduled: Rescheduled,
    other_workers: AtomicUsize,
    /// Notified when an order was settled without a call, so that the poller uses its permit at once.
    pub(crate) permit_returned: Notify,
    /// The spans of orders, for traces.
    pub(crate) spans: OrderSpans,
    /// Identifies this process in logs, in `{hp}:workers` and as the `by` of a pause.
    pub(crate) name: String,
    pub(crate) random: Random,
}

/// The rules of the queue do not fit the settings of this process.
#[derive(Debug, thiserror::Error)]
#[error(
    "the queue has retry.resubmit_after = {resubmit_after:?}, which is not longer than worker.lease and api.timeout of this process together ({longest:?}): an order whose request is still on its way could be charged twice. Shorten worker.lease or api.timeout, or start a worker with a longer retry.resubmit_after"
)]
pub(crate) struct RulesTooShort {
    resubmit_after: Duration,
    longest: Duration,
}

impl OrderProcessor {
    /// Builds the processor of a command, with the account and the rules that the queue has stored.
    pub(crate) async fn open(config: &Config, random: Random) -> Result<Self, CommandError> {
        let processor = Self::new(config, config.agreement()?, random)?;
        let terms = processor.queue.terms().await?;
        processor.agreement.check_account(&terms)?;
        processor.agreement.adopt(&terms)?;
        processor.check_rules()?;
        Ok(processor)
    }

    /// Builds the processor of a command that decides orders in review. If the queue has another account, it can decide only
    /// those that were submitted on its own.
    pub(crate) async fn open_for_review(
        config: &Config,
        random: Random,
    ) -> Result<Self, CommandError> {
        let (_, terms) = config.handle_with_terms().await?;
        let own = config.agreement()?;
        let queue_account = terms.account.clone();
        let queue_account = queue_account.unwrap_or_else(|| own.account().clone());
        let account = own.account().clone();
        let agreement = Agreement::of_earlier_account(account, queue_account, own.rules());
        agreement.adopt(&terms)?;
        let processor = Self::new(config, agreement, random)?;
        processor.check_rules()?;
        Ok(processor)
    }

    /// Builds the processor of this process. Connects at the first call.
    pub(crate) fn new(
        config: &Config,
        agreement: Agreement,
        random: Random,
    ) -> Result<Self, CommandError> {
        let metrics = Arc::<ProcessMetrics>::default();
        let redis = config.redis()?.observed_by(metrics.clone());
        let queue = Handle::open(&redis, &config.prefix);
        let inspector = Inspector::new(queue.clone());
        let control = Control::new(queue.clone(), agreement.clone());
        let account = agreement.account().clone();
        let throttle = Arc::<Throttle>::default();
        let client = |share| {
            let (control, throttle) = (control.clone(), Arc::clone(&throttle));
            let wait = move || wait_for_permit(control.clone(), Arc::clone(&throttle), share);
            let metrics = Arc::clone(&metrics);
            config.client_with(wait, move |call| metrics.calls.count(call))
        };
        let (run_client, client) = (client(RateShare::Runs)?, client(RateShare::All)?);
        let name = process_name(&random);
        let probe = NotFoundProbe::new(client.clone(), inspector.clone(), account);
        Ok(Self {
            catalogue: Catalogue::new(client.clone(), config.lease / 3),
            run_probe: probe.with_client(run_client),
            probe,
            balance_gate: BalanceGate::new(control.clone(), agreement.clone(), random.clone()),
            vendor_note: VendorNote::new(control.clone()),
            client,
            account_control: AccountControl::default(),
            link: VendorLink::default(),
            ledger: for_spans(Ledger::new(queue.clone(), agreement.clone())),
            queue,
            control,
            inspector,
            agreement,
            contact: QueueContact::default(),
            self_pause: SelfPause::default(),
            throttle,
            metrics,
            timeout: config.api.timeout,
            lease: config.lease,
            rescheduled: Rescheduled::default(),
            other_workers: AtomicUsize::new(0),
            permit_returned: Notify::new(),
            spans: OrderSpans::new(&config.prefix, &name),
            name,
            random,
        })
    }

    /// The policy of an order's life.
    pub(crate) fn policy(&self) -> Policy {
        self.agreement.rules().policy
    }

    /// How many other workers of the queue are alive, as the last heartbeat has counted them.
    pub(crate) fn other_workers(&self) -> usize {
        self.other_workers.load(Ordering::Relaxed)
    }

    /// Stores how many workers of the queue are alive, this one included.
    pub(crate) fn count_workers(&self, alive: usize) {
        let others = alive.saturating_sub(1);
        self.other_workers.store(others, Ordering::Relaxed);
    }

    /// Fails if the rules of the queue are too short for the calls of this process.
    pub(crate) fn check_rules(&self) -> Result<(), RulesTooShort> {
        let (resubmit_after, longest) = (self.policy().resubmit_after, self.lease + self.timeout);
        if resubmit_after > longest {
            return Ok(());
        }
        Err(RulesTooShort {
            resubmit_after,
            longest,
        })
    }

    /// What a claimant does with an order.
    pub(crate) fn task(&self, record: &Record, now: Millis) -> Task {
        plan(record, &self.policy(), now)
    }

    /// Does what [`plan`] says about a claimed order, and returns what happened.
    pub(crate) async fn process(&self, order: &ClaimedOrder) -> Event {
        match self.task(order.record(), order.now()) {
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
        if let Some(event) = self.balance_objection(order).await {
            return Some(event);
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

    async fn balance_objection(&self, order: &ClaimedOrder) -> Option<Event> {
        let product = order.record().wanted.product_id;
        let currency = self.catalogue.currency(product);
        let gate = &self.balance_gate;
        gate.objection(product, currency, order.now()).await
    }

    async fn submit(&self, order: &ClaimedOrder) -> Event {
        let (wanted, lease, claimed) = (&order.record().wanted, self.lease, order.clone());
        let throttle = Arc::clone(&self.throttle);
        // The lease may end while this process is suspended. Another worker may then claim the order, so this process
        // must send nothing any more.
        let answer = self
            .client
            .fetch_if(wanted, move || {
                !claimed.is_lease_over(lease) && throttle.left().is_none()
            })
            .await;
        if answer == Err(CallError::Cancelled) {
            return Event::Released;
        }
        let outcome = Outcome::of(answer);
        self.metrics.orders.count_attempt(&outcome);
        self.link.observe_submission(&outcome);
        if let Outcome::Unknown(doubt) = &outcome {
            self.note_throttle(doubt);
        }
        self.update_balance(order, &outcome).await;
        self.judge_submission(order.record(), outcome).await
    }

    /// Finds out with a control call whose fault it is if HitPoints seems to refuse the account.
    async fn judge_submission(&self, record: &Record, outcome: Outcome) -> Event {
        if !record.is_account_suspect(&outcome) {
            return Event::Submitted(outcome);
        }
        // Boxed: it is large and rare.
        match Box::pin(self.account_control.check(&self.client)).await {
            AccountVerdict::Accepted => Event::OrderRefused(outcome),
            AccountVerdict::Refused => Event::AccountRefused(outcome),
            AccountVerdict::Unclear => Event::Submitted(outcome),
        }
    }

    async fn update_balance(&self, order: &ClaimedOrder, outcome: &Outcome) {
        let product = order.record().wanted.product_id;
        let listed = self.catalogue.currency(product);
        match outcome {
            Outcome::Charged(charged) => {
                let charged = charged.currency.as_ref().and_then(CurrencyText::code);
                if self.balance_gate.lift(product, charged.or(listed)).await {
                    self.rescheduled.note(Duration::ZERO);
                }
            }
            Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::LowBalance => {
                let (scope, answer) = ((product, listed), &refusal.message);
                self.balance_gate.hold(scope, answer, order.now()).await;
            }
            _ => {}
        }
    }

    /// Stops the calls of this process if a front end has asked for it. The settlement of the order stops those of all others.
    fn note_throttle(&self, doubt: &Doubt) {
        if let DoubtKind::TurnedAway(asked) | DoubtKind::Throttled(asked) = doubt.kind {
            self.throttle
                .slow_down(self.policy().backoff.slow_down(asked));
        }
    }

    /// Queries HitPoints for the record of an order. A "not found" that would decide the order now is confirmed first.
    pub(crate) async fn query(&self, record: &Record, now: Millis) -> QueryVerdict {
        self.query_with(&self.probe, record, now).await
    }

    /// The same for a reconciliation run.
    pub(crate) async fn query_for_run(&self, record: &Record, now: Millis) -> QueryVerdict {
        self.query_with(&self.run_probe, record, now).await
    }

    async fn query_with(
        &self,
        probe: &NotFoundProbe,
        record: &Record,
        now: Millis,
    ) -> QueryVerdict {
        let rule = if record.is_only_submission_refused() {
            NotFoundRule::WithoutControl
        } else if record.is_decided_by_not_found(now) {
            NotFoundRule::Proven
        } else {
            NotFoundRule::TooEarly
        };
        let verdict = self.query_by(probe, &record.wanted, rule).await;
        match verdict {
            QueryVerdict::Unknown(doubt) if doubt.is_account_failure() => {
                self.judge_query(probe, &record.wanted, rule, doubt).await
            }
            verdict => verdict,
        }
    }

    async fn query_by(
        &self,
        probe: &NotFoundProbe,
        wanted: &FetchCards,
        rule: NotFoundRule,
    ) -> QueryVerdict {
        self.metrics.orders.count_query();
        // Boxed: it is large, and every caller would contain it twice.
        let verdict = Box::pin(probe.query(wanted, rule)).await;
        self.link.observe_query(&verdict);
        if let QueryVerdict::Unknown(doubt) = &verdict {
            self.note_throttle(doubt);
        }
        verdict
    }

    /// Finds out whose fault it is if HitPoints seems to refuse the account. After a control call that works, the query is
    /// repeated, because the account may have been refused for a moment only.
    async fn judge_query(
        &self,
        probe: &NotFoundProbe,
        wanted: &FetchCards,
        rule: NotFoundRule,
        doubt: Doubt,
    ) -> QueryVerdict {
        match self.account_control.check(&self.client).await {
            AccountVerdict::Refused => return QueryVerdict::AccountRefused(doubt),
            AccountVerdict::Unclear => return QueryVerdict::Unknown(doubt),
            AccountVerdict::Accepted => {}
        }
        match self.query_by(probe, wanted, rule).await {
            QueryVerdict::Unknown(doubt) if doubt.is_account_failure() => {
                QueryVerdict::OrderRefused(doubt)
            }
            verdict => verdict,
        }
    }

    /// Tries to make a connection to HitPoints, and sends nothing.
    pub(crate) async fn try_link(&self) -> Result<(), String> {
        self.client.connect().await.map_err(|error| match error {
            CallError::NeverSent(why) => why,
            error => error.to_string(),
        })
    }

    /// The time and the randomness of a decision that is made at `now`.
    pub(crate) fn decision_inputs(&self, now: Millis) -> DecisionInputs {
        DecisionInputs::new(now, self.random.jitter())
    }
}
