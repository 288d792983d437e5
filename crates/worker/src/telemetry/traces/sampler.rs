//! Which traces are exported.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

/// Treats a trace that is linked to the producer's as if it continued it. So the decision of the producer also holds for the
/// later attempts of an order, which begin traces of their own.
#[derive(Clone, Debug)]
pub(super) struct LinkedSampler(Sampler);

impl LinkedSampler {
    /// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` choose, otherwise the one that follows the
    /// producer's decision and takes every trace that has no producer. Also returns what cannot be used of them.
    pub(super) fn of_variables(
        read: impl Fn(&str) -> Option<String>,
    ) -> (Self, Option<&'static str>) {
        let name = read("OTEL_TRACES_SAMPLER").unwrap_or_default();
        let ratio = read("OTEL_TRACES_SAMPLER_ARG");
        let ratio = ratio.and_then(|text| text.trim().parse().ok());
        let ratio = ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
        let parent_based = |root| Sampler::ParentBased(Box::new(root));
        let all = parent_based(Sampler::AlwaysOn);
        let unusable = "OTEL_TRACES_SAMPLER or OTEL_TRACES_SAMPLER_ARG cannot be used: traces are sampled as parentbased_always_on does. Set one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off and parentbased_traceidratio, and a ratio from 0 to 1";
        let sampler = match (name.trim(), ratio) {
            ("" | "parentbased_always_on", _) => all,
            ("always_on", _) => Sampler::AlwaysOn,
            ("always_off", _) => Sampler::AlwaysOff,
            ("traceidratio", Some(ratio)) => Sampler::TraceIdRatioBased(ratio),
            ("parentbased_always_off", _) => parent_based(Sampler::AlwaysOff),
            ("parentbased_traceidratio", Some(ratio)) => {
                parent_based(Sampler::TraceIdRatioBased(ratio))
            }
            _ => return (Self(all), Some(unusable)),
        };
        (Self(sampler), None)
    }
}

impl ShouldSample for LinkedSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_parent = parent.is_some_and(|parent| parent.span().span_context().is_valid());
        let linked = links.first().filter(|_| !has_parent);
        let linked =
            linked.map(|link| Context::new().with_remote_span_context(link.span_context.clone()));
        let parent = linked.as_ref().or(parent);
        self.0
            .should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    use super::*;

    fn sampler(name: &str, ratio: Option<&str>) -> (LinkedSampler, bool) {
        let (sampler, unusable) = LinkedSampler::of_variables(|variable| match variable {
            "OTEL_TRACES_SAMPLER" => Some(name.into()),
            _ => ratio.map(Into::into),
        });
        (sampler, unusable.is_some())
    }

    fn is_sampled(sampler: &LinkedSampler, links: &[Link]) -> bool {
        let root = Context::new();
        let name = "submit";
        let trace_id = TraceId::from(1);
        let result =
            sampler.should_sample(Some(&root), trace_id, name, &SpanKind::Consumer, &[], links);
        result.decision == SamplingDecision::RecordAndSample
    }

    fn link(flags: TraceFlags) -> Link {
        let (trace_id, span_id) = (TraceId::from(2), SpanId::from(3));
        let producer = SpanContext::new(trace_id, span_id, flags, true, TraceState::default());
        Link::with_context(producer)
    }

    #[test]
    fn linked_trace_is_sampled_as_the_producer_was() {
        let (sampler, _) = sampler("parentbased_always_off", None);
        assert!(is_sampled(&sampler, &[link(TraceFlags::SAMPLED)]));
        assert!(!is_sampled(&sampler, &[]));
        let (sampler, unusable) = LinkedSampler::of_variables(|_| None);
        assert!(unusable.is_none());
        assert!(!is_sampled(&sampler, &[link(TraceFlags::default())]));
        assert!(is_sampled(&sampler, &[]));
    }

    #[test]
    fn sampler_of_the_variables_is_used() {
        for (name, ratio, unsampled, alone) in [
            ("always_on", None, true, true),
            ("always_off", None, false, false),
            ("traceidratio", Some("1"), true, true),
            ("traceidratio", Some("0"), false, false),
            ("parentbased_traceidratio", Some("1.0"), false, true),
        ] {
            let (sampler, is_unusable) = sampler(name, ratio);
            assert!(!is_unusable, "{name}");
            let links = [link(TraceFlags::default())];
            assert_eq!(is_sampled(&sampler, &links), unsampled, "{name}");
            assert_eq!(is_sampled(&sampler, &[]), alone, "{name}");
        }
    }

    #[test]
    fn unusable_sampler_is_replaced() {
        for (name, ratio) in [
            ("xray", None),
            ("traceidratio", None),
            ("traceidratio", Some("2")),
            ("parentbased_traceidratio", Some("NaN")),
        ] {
            let (sampler, is_unusable) = sampler(name, ratio);
            assert!(is_unusable, "{name} {ratio:?}");
            assert!(is_sampled(&sampler, &[]));
        }
    }
}
