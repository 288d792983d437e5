use std::array;

use hp_api::{CallClass, Endpoint, HttpCall};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{Histograms, histograms, register_seconds};

/// The endpoints that a process with metrics calls. Only a command queries a card.
const ENDPOINTS: [Endpoint; 3] = [Endpoint::Fetch, Endpoint::Query, Endpoint::Products];
const CLASSES: usize = CallClass::ALL.len();

/// From 5 ms to a minute.
const BUCKETS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// The HTTP calls to HitPoints, by endpoint and class.
pub(crate) struct CallMetrics {
    requests: Family<[(&'static str, &'static str); 2], Counter>,
    durations: Histograms,
    by_endpoint: [EndpointMetrics; ENDPOINTS.len()],
}

struct EndpointMetrics {
    endpoint: Endpoint,
    duration: Histogram,
    /// In the order of [`CallClass::ALL`].
    requests: [Counter; CLASSES],
}

impl CallMetrics {
    pub(super) fn new() -> Self {
        let requests = Family::<[_; 2], Counter>::default();
        let words = ENDPOINTS.map(Endpoint::as_str);
        let (durations, by_endpoint) = histograms(|| Histogram::new(BUCKETS), "endpoint", words);
        let mut durations_of = by_endpoint.into_iter();
        let by_endpoint = ENDPOINTS.map(|endpoint| EndpointMetrics {
            endpoint,
            duration: durations_of.next().expect("one for each endpoint"),
            requests: array::from_fn(|class| {
                let class = CallClass::ALL[class].as_str();
                requests.get_or_create_owned(&[("endpoint", endpoint.as_str()), ("class", class)])
            }),
        });
        Self {
            requests,
            durations,
            by_endpoint,
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "HTTP calls to HitPoints, by endpoint and by how they ended";
        registry.register("http_requests", help, self.requests.clone());
        let help =
            "The duration of these calls, from before the connection to the end of the answer";
        register_seconds(registry, "http_request_duration", help, &self.durations);
    }

    /// Counts a call.
    pub(crate) fn count(&self, call: &HttpCall) {
        let mut known = self.by_endpoint.iter();
        let Some(known) = known.find(|known| known.endpoint == call.endpoint) else {
            return;
        };
        let class = CallClass::ALL.iter().position(|class| *class == call.class);
        if let Some(requests) = class.and_then(|class| known.requests.get(class)) {
            requests.inc();
        }
        known.duration.observe(call.duration.as_secs_f64());
    }
}
