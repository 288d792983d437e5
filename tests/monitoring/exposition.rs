//! What a worker exports, and whether an expression finds it there.

use std::collections::{BTreeMap, BTreeSet};

use crate::promql::{self, Selector};

/// Labels that Prometheus adds to each series of a target.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];
/// Series that Prometheus makes itself, with their labels.
const OF_PROMETHEUS: [(&str, &[&str]); 2] = [
    ("up", &[]),
    ("ALERTS", &["alertname", "alertstate", "queue", "severity"]),
];

type Labels = BTreeMap<String, BTreeSet<String>>;

/// The metrics of a process in Prometheus' text format.
pub(crate) struct Exposition {
    /// The names in the lines `# TYPE`.
    pub(crate) families: BTreeSet<String>,
    /// The series by name, with the values of each label.
    series: BTreeMap<String, Labels>,
}

impl Exposition {
    /// Reads the text.
    pub(crate) fn parse(text: &str) -> Self {
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let families = types.map(|line| first_word(line).to_owned()).collect();
        let mut series: BTreeMap<String, Labels> = BTreeMap::new();
        for (name, labels) in OF_PROMETHEUS {
            let labels = labels
                .iter()
                .map(|label| ((*label).to_owned(), BTreeSet::new()));
            series.insert(name.into(), labels.collect());
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            // A line is a selector and a value, so the parser of expressions reads it.
            for Selector { metric, matchers } in promql::names(line).selectors {
                let labels = series.entry(metric).or_default();
                for (label, _, value) in matchers {
                    labels.entry(label).or_default().insert(value);
                }
            }
        }
        Self { families, series }
    }

    /// Says what an expression names and the process does not export.
    pub(crate) fn faults(&self, expression: &str) -> Vec<String> {
        let names = promql::names(expression);
        let mut faults = Vec::new();
        let mut labels: BTreeSet<_> = TARGET_LABELS.map(str::to_owned).into();
        for selector in &names.selectors {
            let Some(known) = self.series.get(&selector.metric) else {
                faults.push(format!("no metric {}", selector.metric));
                continue;
            };
            labels.extend(known.keys().cloned());
            faults.extend(selector_faults(selector, known));
        }
        let unknown = names
            .groupings
            .iter()
            .filter(|label| !labels.contains(*label));
        faults.extend(unknown.map(|label| format!("no label {label} to group by")));
        faults
    }
}

fn selector_faults(selector: &Selector, known: &Labels) -> Vec<String> {
    let mut faults = Vec::new();
    for (label, operator, value) in &selector.matchers {
        let is_variable = value.contains('$');
        match known.get(label) {
            _ if TARGET_LABELS.contains(&label.as_str()) => {}
            None => faults.push(format!("{} has no label {label}", selector.metric)),
            Some(values) if !is_variable && !values.is_empty() => {
                let wanted: Vec<_> = match operator.as_str() {
                    "=~" | "!~" => value.split('|').collect(),
                    _ => vec![value],
                };
                let unknown = wanted.into_iter().filter(|one| !values.contains(*one));
                let metric = &selector.metric;
                faults.extend(unknown.map(|one| format!("{metric} has no {label}={one}")));
            }
            Some(_) => {}
        }
    }
    faults
}

fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP hp_calls_total Calls, not {of=\"orders\"}\n\
        # TYPE hp_calls_total counter\n\
        hp_calls_total{class=\"ok\"} 1\n\
        hp_calls_total{class=\"late\"} 0\n\
        # TYPE hp_time_seconds histogram\n\
        hp_time_seconds_bucket{le=\"+Inf\"} 3\n\
        hp_queue_up{queue=\"{hp}\"} 1\n";

    #[test]
    fn known_names_have_no_faults() {
        let exposition = Exposition::parse(TEXT);
        for expression in [
            "sum by (job, class) (rate(hp_calls_total{class=~\"ok|late\"}[5m]))",
            "histogram_quantile(0.5, sum by (le) (hp_time_seconds_bucket))",
            "hp_queue_up{queue=~\"$queue\"} unless on (instance) up{job=\"x\"}",
            "hp_queue_up{queue=\"{hp}\"}",
        ] {
            assert_eq!(exposition.faults(expression), [""; 0], "{expression}");
        }
        let families: Vec<_> = exposition.families.iter().collect();
        assert_eq!(families, ["hp_calls_total", "hp_time_seconds"]);
    }

    #[test]
    fn unknown_metric_label_and_value_are_found() {
        let exposition = Exposition::parse(TEXT);
        for (expression, fault) in [
            ("rate(hp_call_total[5m]) > 0", "no metric hp_call_total"),
            ("hp_time_seconds > 0", "no metric hp_time_seconds"),
            (
                "hp_calls_total{kind=\"x\"}",
                "hp_calls_total has no label kind",
            ),
            (
                "hp_calls_total{class!=\"lat\"}",
                "hp_calls_total has no class=lat",
            ),
            (
                "hp_calls_total{class=~\"ok|lost\"}",
                "hp_calls_total has no class=lost",
            ),
            ("sum by (end) (hp_calls_total)", "no label end to group by"),
        ] {
            assert_eq!(exposition.faults(expression), [fault], "{expression}");
        }
    }
}
