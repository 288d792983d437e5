//! The metrics of this process. They are passed to where things happen; `admin/metrics` encodes them.
//!
//! No label has a value from outside: what HitPoints, a shop or Redis says is counted under a word of this program.

mod build;
mod calls;
mod orders;
mod scripts;
mod system;

use prometheus_client::{
    metrics::{family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use calls::CallMetrics;
use orders::OrderMetrics;
use scripts::QueueMetrics;

pub(crate) use orders::Slot;
pub(crate) use system::registry as system_registry;

/// The metrics of this process. Every label is present from the start, at zero.
pub(crate) struct ProcessMetrics {
    /// The orders that this process works on.
    pub(crate) orders: OrderMetrics,
    /// The HTTP calls to HitPoints.
    pub(crate) calls: CallMetrics,
    /// The calls to Redis.
    queue: QueueMetrics,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self {
            orders: OrderMetrics::new(),
            calls: CallMetrics::new(),
            queue: QueueMetrics::new(),
        }
    }
}

impl ProcessMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        build::register(registry);
        self.orders.register(registry);
        self.calls.register(registry);
        self.queue.register(registry);
    }
}

type Label = [(&'static str, &'static str); 1];
type Histograms = Family<Label, Histogram, fn() -> Histogram>;

/// Creates a family of histograms with these buckets, and one for each value of the label. Returns these, too.
fn histograms<const N: usize>(
    make: fn() -> Histogram,
    name: &'static str,
    values: [&'static str; N],
) -> (Histograms, [Histogram; N]) {
    let family = Histograms::new_with_constructor(make);
    let all = values.map(|value| family.get_or_create_owned(&[(name, value)]));
    (family, all)
}

fn register_seconds(registry: &mut Registry, name: &str, help: &str, histograms: &Histograms) {
    registry.register_with_unit(name, help, Unit::Seconds, histograms.clone());
}

#[cfg(test)]
mod tests;
