//! The dashboard.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::alerts::read;

/// The dashboard as JSON.
pub(crate) struct Dashboard(Value);

impl Dashboard {
    pub(crate) fn open() -> Self {
        Self(serde_json::from_str(&read("deploy/monitoring/dashboard.json")).unwrap())
    }

    fn panels(&self) -> &[Value] {
        self.0["panels"].as_array().unwrap()
    }

    fn variables(&self) -> &[Value] {
        self.0["templating"]["list"].as_array().unwrap()
    }

    /// The titles of panels and rows, and the labels of variables.
    pub(crate) fn titles(&self) -> BTreeSet<String> {
        let titles = self.panels().iter().map(|panel| text(&panel["title"]));
        let labels = self.variables().iter().map(|one| text(&one["label"]));
        titles.chain(labels).collect()
    }

    /// Each query of a panel, with the panel's title, and the queries of the variables.
    pub(crate) fn queries(&self) -> Vec<(String, String)> {
        let mut queries = Vec::new();
        for panel in self.panels() {
            let targets = panel["targets"].as_array().into_iter().flatten();
            queries.extend(targets.map(|target| (text(&panel["title"]), text(&target["expr"]))));
        }
        let variables = self.variables().iter();
        queries.extend(variables.filter_map(|variable| {
            let query = variable["query"]["query"].as_str()?;
            Some((text(&variable["name"]), values_as_expression(query)))
        }));
        queries
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// `label_values(metric, label)` is no expression of Prometheus. This expression has the same names.
fn values_as_expression(query: &str) -> String {
    let arguments = query.strip_prefix("label_values(").unwrap();
    let (metric, label) = arguments.trim_end_matches(')').rsplit_once(',').unwrap();
    format!("count by ({}) ({metric})", label.trim())
}

#[test]
fn panels_have_descriptions_units_and_queries() {
    let dashboard = Dashboard::open();
    let is_row = |panel: &&Value| panel["type"] == "row";
    assert!(dashboard.panels().iter().filter(is_row).count() >= 7);
    for panel in dashboard.panels().iter().filter(|panel| !is_row(panel)) {
        let title = &panel["title"];
        assert!(text(&panel["description"]).ends_with('.'), "{title}");
        assert!(!text(&panel["fieldConfig"]["defaults"]["unit"]).is_empty());
        for target in panel["targets"].as_array().unwrap() {
            let query = text(&target["expr"]);
            let is_filtered = ["$queue", "$instance"]
                .iter()
                .any(|name| query.contains(name));
            assert!(is_filtered, "{title} shows all queues: {query}");
            assert!(!text(&target["legendFormat"]).is_empty(), "{title}");
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}

#[test]
fn panels_do_not_overlap() {
    let dashboard = Dashboard::open();
    let mut cells = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard.panels() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                let other = cells.insert((x, y), &panel["title"]);
                assert_eq!(other, None, "{}", panel["title"]);
            }
        }
    }
}

#[test]
fn variables_choose_datasource_queue_and_worker() {
    let dashboard = Dashboard::open();
    let names: Vec<_> = dashboard
        .variables()
        .iter()
        .map(|one| text(&one["name"]))
        .collect();
    assert_eq!(names, ["datasource", "queue", "instance"]);
}
