//! The list of dependencies and its reasons are complete.

use std::{collections::BTreeSet, fs, path::PathBuf};

const LIST: &str = "docs/adr/0029-dependencies.md";
/// The manifests of what the worker consists of.
const WORKER: [&str; 4] = [
    "crates/hp-api",
    "crates/hp-order",
    "crates/hp-queue",
    "crates/worker",
];
const OTHERS: [&str; 6] = [
    "crates/hp-sandbox",
    "fuzz",
    "tests",
    "tests/cut-route",
    "tests/fuzz-targets",
    "tests/stepped-clock",
];

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// The crates of others in the manifests of these folders, with or without those that only tests use.
fn dependencies(folders: &[&str], with_tests: bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in folders {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        let mut section = "";
        for line in manifest.lines() {
            section = if line.starts_with('[') { line } else { section };
            let name = line.split_once(['=', '.']).map(|(name, _)| name.trim());
            if let Some(name) = name.filter(|name| !name.starts_with(['#', '[']))
                && section.ends_with("dependencies]")
                && (with_tests || !section.contains("dev-"))
            {
                names.insert(name.to_owned());
            }
        }
    }
    let manifest = read("Cargo.toml");
    let is_ours = |name: &String| {
        let own = format!("\n{name} = {{ path = ");
        manifest.contains(&own) || name == "worker" || name.starts_with("fuzz-")
    };
    let ours = ["cut-route", "stepped-clock"];
    names.retain(|name| !is_ours(name) && !ours.contains(&name.as_str()));
    names
}

/// The names in the first column of the table under this heading.
fn listed(heading: &str) -> BTreeSet<String> {
    let list = read(LIST);
    let (_, part) = list.split_once(&format!("### {heading}\n")).unwrap();
    let part = part.split("\n### ").next().unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| {
        let (names, reason) = row.split_once(" | ").unwrap();
        assert!(reason.len() > 10, "no reason: {row}");
        names
    });
    let names = cells.flat_map(|names| names.split(", "));
    names
        .map(|name| name.trim_matches(['`', ' ', '+']).to_owned())
        .collect()
}

#[test]
fn every_dependency_is_listed_with_its_reason() {
    let in_worker = dependencies(&WORKER, false);
    assert!(in_worker.contains("tokio") && in_worker.contains("rsa"));
    assert_eq!(listed("In the worker"), in_worker);
    let all = dependencies(&[&WORKER[..], &OTHERS].concat(), true);
    let elsewhere: BTreeSet<_> = all.difference(&in_worker).cloned().collect();
    assert_eq!(listed("In tests, benches and the sandbox only"), elsewhere);
}
