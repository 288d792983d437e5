//! Dashboard, rules and documentation name the metrics that a worker exports.

use std::collections::BTreeSet;

use e2e::{Worker, World};

use crate::{
    alerts::{alerts, read},
    dashboard::Dashboard,
    exposition::Exposition,
    prometheus::http_get,
};

/// The admin address in the worker's log.
pub(crate) async fn admin_address(worker: &Worker) -> String {
    worker.wait_for_log("metrics served").await;
    let log = worker.log();
    let (_, address) = log.split_once("\"url\":\"http://").unwrap();
    address.split_once("/metrics").unwrap().0.to_owned()
}

/// The metrics of a worker that has bought cards.
pub(crate) async fn real_metrics() -> String {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    http_get(&admin_address(&worker).await, "/metrics").await
}

/// The names of metrics in a text: each name that begins as one and does not end with `_`.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_start = |word: &str| word.starts_with("hp_") || word.starts_with("process_");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| is_start(word) && !word.ends_with('_'));
    names.map(Into::into).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_name_exported_metrics() {
    let exposition = Exposition::parse(&real_metrics().await);
    let rules = alerts()
        .into_iter()
        .map(|alert| (alert.name, alert.expression));
    let mut faults = Vec::new();
    for (place, expression) in rules.chain(Dashboard::open().queries()) {
        let found = exposition.faults(&expression);
        faults.extend(found.into_iter().map(|fault| format!("{place}: {fault}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_page_names_what_is_exported() {
    let exported = Exposition::parse(&real_metrics().await).families;
    let documented = names_in(&read("docs/metrics.md"));
    let missing: Vec<_> = exported.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&exported).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "the page lacks {missing:?}, and no worker exports {unknown:?}"
    );
}
