//! Every alert has a page for the operator, a test of its rule, and a test that makes it happen.

use std::fs;

use yaml_rust2::Yaml;

use crate::alerts::{Alert, alerts, read, repository, stems, texts, yaml};

const HEADINGS: [&str; 3] = ["## What it means", "## What to look at", "## What to do"];

fn names() -> Vec<String> {
    let mut names: Vec<_> = alerts().into_iter().map(|alert| alert.name).collect();
    names.sort();
    names
}

#[test]
fn alert_has_severity_delay_and_annotations() {
    for Alert {
        name,
        delay,
        labels,
        annotations,
        ..
    } in alerts()
    {
        assert!(name.starts_with("Hp"), "{name}");
        assert!(!delay.is_empty(), "{name} fires at once");
        let severity = labels.get("severity").map(String::as_str);
        assert!(matches!(severity, Some("page" | "ticket")), "{name}");
        let known: Vec<_> = annotations.keys().map(String::as_str).collect();
        assert_eq!(known, ["description", "runbook_url", "summary"], "{name}");
        assert_eq!(
            annotations["runbook_url"],
            format!("docs/runbook/{name}.md")
        );
        assert!(annotations["description"].ends_with('.'), "{name}");
    }
}

#[test]
fn alert_has_a_page_and_each_page_an_alert() {
    let mut pages = stems("docs/runbook", ".md");
    pages.retain(|page| page != "README");
    assert_eq!(pages, names());
    let index = read("docs/runbook/README.md");
    for Alert { name, labels, .. } in alerts() {
        let page = read(&format!("docs/runbook/{name}.md"));
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        let headings: Vec<_> = page.lines().filter(|line| line.starts_with("##")).collect();
        assert_eq!(headings, HEADINGS, "{name}");
        let row = index
            .lines()
            .find(|line| line.starts_with(&format!("| [{name}]({name}.md) |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in docs/runbook/README.md"));
        assert!(
            row.contains(&format!("| {} |", labels["severity"])),
            "{row}"
        );
    }
}

/// The cases of an alert in the tests for promtool: whether it fires.
fn promtool_cases(name: &str) -> Vec<bool> {
    let file = yaml(&format!("deploy/monitoring/tests/{name}.yml"));
    let tests = file["tests"].as_vec().unwrap();
    let mut cases = Vec::new();
    for case in tests
        .iter()
        .flat_map(|test| test["alert_rule_test"].as_vec().unwrap())
    {
        assert_eq!(case["alertname"].as_str(), Some(name));
        let expected = case["exp_alerts"].as_vec().map_or(&[][..], Vec::as_slice);
        for alert in expected {
            assert_complete(name, alert);
        }
        cases.push(!expected.is_empty());
    }
    cases
}

/// promtool does not compare annotations that a test leaves out.
fn assert_complete(name: &str, expected: &Yaml) {
    let annotations = texts(&expected["exp_annotations"]);
    let known: Vec<_> = annotations.keys().map(String::as_str).collect();
    assert_eq!(known, ["description", "runbook_url", "summary"], "{name}");
    assert!(texts(&expected["exp_labels"]).contains_key("severity"));
}

#[test]
fn alert_has_cases_that_fire_and_that_do_not() {
    assert_eq!(stems("deploy/monitoring/tests", ".yml"), names());
    for name in names() {
        let cases = promtool_cases(&name);
        assert!(cases.contains(&true), "{name} never fires");
        let quiet = cases.iter().filter(|fires| !**fires).count();
        assert!(
            quiet >= 2,
            "{name} needs a case before its delay, and one at its bound"
        );
    }
}

#[test]
fn alert_is_made_to_happen() {
    let files = fs::read_dir(repository("tests/monitoring/firing")).unwrap();
    let source: String = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for name in names() {
        let call = format!("fires(\"{name}\")");
        assert!(source.contains(&call), "no test makes {name} happen");
    }
}
