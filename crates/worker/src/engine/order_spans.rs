//! The spans of orders, for traces. `docs/traces.md` describes them.

use std::{collections::HashMap, time::SystemTime};

use hp_order::{Cause, Next, State, Step, Task};
use hp_queue::{Claim, Ledger, Prefix, QueueError, Replay, Settled};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{retry::REDIS, settlement::Settlement};
use crate::telemetry::traces::tracer;

/// The value of `messaging.system`.
const SYSTEM: &str = "redis";

/// Makes the spans of orders. While no traces are exported, all of them are disabled.
pub(crate) struct OrderSpans {
    jobs: String,
    results: String,
    /// The name of this process.
    client: String,
}

/// What a worker does with a claimed order: the first word in the name of the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// An attempt to buy the cards.
    Submit,
    Query,
    /// No call is needed.
    Conclude,
    /// Publishes the result of an ended order again.
    Replay,
}

impl Operation {
    fn of(claim: &Claim, task: &Task) -> Self {
        match task {
            _ if claim.record.state.has_ended() => Self::Replay,
            Task::Submit => Self::Submit,
            Task::Query => Self::Query,
            Task::Conclude(_) => Self::Conclude,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Query => "query",
            Self::Conclude => "conclude",
            Self::Replay => "replay",
        }
    }
}

impl OrderSpans {
    pub(crate) fn new(prefix: &Prefix, client: &str) -> Self {
        Self {
            jobs: format!("{prefix}:jobs"),
            results: format!("{prefix}:results"),
            client: client.to_owned(),
        }
    }

    /// The span of the time between two claims of an order: an attempt, a query, a replay. `task` says what the claimant does.
    ///
    /// The first attempt continues the trace of the producer. Whatever comes later may come hours later, so it begins a
    /// trace of its own, with a link to the producer. Without a producer, the first attempt continues the admission.
    pub(crate) fn of_claim(
        &self,
        claim: &Claim,
        admission: Option<&SpanContext>,
        task: impl FnOnce() -> Task,
    ) -> Span {
        if tracer().is_none() {
            return Span::none();
        }
        let operation = Operation::of(claim, &task());
        let span = self.claim_span(claim, operation);
        let producer = producer(claim.traceparent.as_deref());
        let continues = claim.record.is_first_attempt()
            && matches!(operation, Operation::Submit | Operation::Conclude);
        let parent = match &producer {
            Some(producer) if continues => Some(producer),
            Some(producer) => {
                span.add_link(producer.clone());
                None
            }
            None => admission,
        };
        if let Some(parent) = parent {
            // Fails only if the span is disabled.
            let _ = span.set_parent(remote(parent));
        }
        span
    }

    fn claim_span(&self, claim: &Claim, operation: Operation) -> Span {
        let record = &claim.record;
        let (kind, kind_of_operation, destination) = match operation {
            Operation::Replay => ("producer", "send", &self.results),
            _ => ("consumer", "process", &self.jobs),
        };
        info_span!(
            parent: None,
            "claim",
            otel.name = %format_args!("{} {destination}", operation.as_str()),
            otel.kind = kind,
            messaging.system = SYSTEM,
            messaging.operation.name = operation.as_str(),
            messaging.operation.type = kind_of_operation,
            messaging.destination.name = destination,
            messaging.message.id = %claim.id(),
            messaging.client.id = self.client,
            hp.claim = record.claim,
            hp.attempts = record.attempts,
            hp.product_id = record.wanted.product_id.get(),
            hp.quantity = record.wanted.quantity.get(),
        )
    }

    /// The span of a settle call.
    pub(crate) fn of_settle(&self, claim: &Claim, step: &Step) -> Span {
        let span = info_span!(
            "settle",
            otel.name = %format_args!("settle {}", self.jobs),
            otel.kind = "client",
            messaging.system = SYSTEM,
            messaging.operation.name = "settle",
            messaging.operation.type = "settle",
            messaging.destination.name = self.jobs,
            messaging.message.id = %claim.id(),
            messaging.client.id = self.client,
            hp.claim = claim.record.claim,
            hp.state = step.state.as_str(),
        );
        // An order that was never begun has no span around it.
        if !span.is_disabled()
            && !Context::current().span().span_context().is_valid()
            && let Some(producer) = producer(claim.traceparent.as_deref())
        {
            span.add_link(producer);
        }
        span
    }

    /// Exports the span of an admission: the call that has taken the order out of the inbox. Returns its context.
    pub(crate) fn admitted(
        &self,
        claim: &Claim,
        (from, to): (SystemTime, SystemTime),
    ) -> Option<SpanContext> {
        let tracer = tracer()?;
        // Whatever admits an order claims it.
        if claim.record.claim != 1 {
            return None;
        }
        let parent = producer(claim.traceparent.as_deref());
        let mut span = tracer
            .span_builder(format!("admit {}", self.jobs))
            .with_kind(SpanKind::Client)
            .with_start_time(from)
            .with_attributes(self.attributes("admit", "receive", &self.jobs, claim.id().as_str()))
            .start_with_context(tracer, &parent.as_ref().map_or_else(Context::new, remote));
        span.end_with_timestamp(to);
        Some(span.span_context().clone())
    }

    /// Exports the span of a result that a claim call has published again for a repetition.
    pub(crate) fn replayed(&self, replay: &Replay, (from, to): (SystemTime, SystemTime)) {
        let Some(tracer) = tracer() else {
            return;
        };
        let mut attributes = self.attributes("replay", "send", &self.results, &replay.order_id);
        attributes.push(KeyValue::new("hp.result.id", replay.entry_id.clone()));
        let mut builder = tracer
            .span_builder(format!("replay {}", self.results))
            .with_kind(SpanKind::Producer)
            .with_start_time(from)
            .with_attributes(attributes);
        let repetition = producer(replay.traceparent.as_deref());
        if repetition.is_none()
            && let Some(first) = producer(replay.published.as_deref())
        {
            builder = builder.with_links(vec![Link::with_context(first)]);
        }
        let parent = repetition.as_ref().map_or_else(Context::new, remote);
        builder
            .start_with_context(tracer, &parent)
            .end_with_timestamp(to);
    }

    fn attributes(
        &self,
        operation: &'static str,
        kind: &'static str,
        destination: &str,
        id: &str,
    ) -> Vec<KeyValue> {
        vec![
            KeyValue::new("messaging.system", SYSTEM),
            KeyValue::new("messaging.operation.name", operation),
            KeyValue::new("messaging.operation.type", kind),
            KeyValue::new("messaging.destination.name", destination.to_owned()),
            KeyValue::new("messaging.message.id", id.to_owned()),
            KeyValue::new("messaging.client.id", self.client.clone()),
        ]
    }
}

/// Lets a ledger report what only spans show, if they are exported.
pub(super) fn for_spans(ledger: Ledger) -> Ledger {
    match tracer() {
        Some(_) => ledger.reporting_replays(),
        None => ledger,
    }
}

/// A span that looks interrupted if this is dropped before the end is known: the time to drain is over, or the lease is lost.
pub(crate) struct OpenSpan(Option<Span>);

impl OpenSpan {
    pub(crate) fn new(span: &Span) -> Self {
        Self(Some(span.clone()))
    }

    /// The end is known. Returns the span.
    fn end(mut self) -> Option<Span> {
        self.0.take().filter(|span| !span.is_disabled())
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if let Some(span) = &self.0 {
            fail(span, "interrupted");
        }
    }
}

/// Adds the effect of a settle call to its span.
pub(super) fn record_settled(span: OpenSpan, settled: &Result<Settled, QueueError>) {
    let Some(span) = &span.end() else {
        return;
    };
    match settled {
        Ok(Settled::Applied(result)) => {
            if let Some(result) = result {
                span.set_attribute("hp.result.id", result.clone());
            }
        }
        Ok(Settled::Stale) => fail(span, "claim_lost"),
        Ok(Settled::Restored) => fail(span, "order_forgotten"),
        Err(_) => fail(span, REDIS),
    }
}

/// Adds what has become of a claimed order to the span of the claim.
pub(crate) fn record_outcome(span: OpenSpan, claim: &Claim, settlement: &Settlement) {
    let Some(span) = &span.end() else {
        return;
    };
    let step = match settlement {
        Settlement::Applied(step) => step,
        Settlement::ClaimLost => return fail(span, "claim_lost"),
        Settlement::Restored => return fail(span, "order_forgotten"),
    };
    span.set_attribute("hp.state", step.state.as_str());
    if let Some(code) = step.code {
        span.set_attribute("hp.code", code);
    }
    if let Some(failure) = failure(claim, step) {
        fail(span, &failure);
    }
}

/// Why a step is no success: a reason, a cause of doubt, or the code with which HitPoints has refused an attempt.
fn failure(claim: &Claim, step: &Step) -> Option<String> {
    let is_attempt = claim.record.state == State::Submitting;
    let cause = step.cause.map(Cause::as_str);
    match &step.next {
        Next::End(outcome) => outcome.reason().map(Into::into),
        Next::Review => Some(cause.unwrap_or("review").into()),
        Next::After(_) if step.state == State::Uncertain => Some(cause.unwrap_or("unknown").into()),
        Next::After(_) if step.state == State::Waiting && is_attempt => {
            step.code.map(|code| code.to_string())
        }
        Next::Parked => Some("other_account".into()),
        Next::After(_) | Next::Held { .. } => None,
    }
}

fn fail(span: &Span, kind: &str) {
    span.set_attribute("error.type", kind.to_owned());
    span.set_status(Status::error(kind.to_owned()));
}

/// The trace id of an order's log lines: that of its span, otherwise that of the producer.
pub(super) fn trace_id(span: &Span, claim: &Claim) -> Option<String> {
    if span.is_disabled() {
        let id = claim.traceparent.as_ref()?.split('-').nth(1)?;
        return Some(id.to_owned());
    }
    let context = span.context();
    Some(context.span().span_context().trace_id().to_string())
}

/// The span in which the producer has enqueued the order. `None` if it gave none, or one that cannot be used.
fn producer(traceparent: Option<&str>) -> Option<SpanContext> {
    let words = HashMap::from([("traceparent".to_owned(), traceparent?.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &words);
    let producer = context.span().span_context().clone();
    producer.is_valid().then_some(producer)
}

fn remote(span: &SpanContext) -> Context {
    Context::new().with_remote_span_context(span.clone())
}

#[cfg(test)]
mod tests {
    use super::producer;

    #[test]
    fn producer_is_read_from_a_traceparent_of_any_version() {
        let start = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
        for (version, flags, is_sampled) in [
            ("00", "01", true),
            ("00", "00", false),
            ("00", "03", true),
            ("00", "ff", true),
            ("cc", "01", true),
            ("cc", "00-what-comes-later", false),
        ] {
            let text = format!("{version}-{start}-{flags}");
            let producer = producer(Some(&text)).unwrap();
            let ids = format!("{}-{}", producer.trace_id(), producer.span_id());
            assert_eq!(ids, start);
            assert_eq!(producer.is_sampled(), is_sampled, "{text}");
            assert!(producer.is_remote());
        }
    }

    #[test]
    fn producer_without_a_usable_traceparent_is_none() {
        assert!(producer(None).is_none());
        for text in [
            "",
            "garbage",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        ] {
            assert!(producer(Some(text)).is_none(), "{text}");
        }
    }
}
