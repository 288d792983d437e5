//! The runbook and the page about monitoring name things that exist.

use std::{collections::BTreeSet, path::Path};

use crate::{
    alerts::{alerts, read, repository, stems},
    dashboard::Dashboard,
};

/// The pages for operators, by their paths.
fn pages() -> Vec<String> {
    let runbook = stems("docs/runbook", ".md").into_iter();
    let runbook = runbook.map(|page| format!("docs/runbook/{page}.md"));
    runbook.chain(["docs/monitoring.md".into()]).collect()
}

/// The commands of the worker that a page names in code, each as its words.
fn commands(page: &str) -> Vec<Vec<String>> {
    let code = page.split('`').skip(1).step_by(2).flat_map(str::lines);
    let commands = code.filter_map(|line| line.trim().strip_prefix("worker "));
    commands
        .map(|line| line.split_whitespace().map(Into::into).collect())
        .collect()
}

/// Fails unless the program has this command with these options.
fn assert_known(page: &str, words: &[String], known: &[(Vec<String>, String)]) {
    let begins = |(command, _): &&(Vec<String>, String)| words.starts_with(command);
    let (command, help) = known
        .iter()
        .filter(begins)
        .max_by_key(|(command, _)| command.len())
        .unwrap();
    assert!(!command.is_empty(), "{page}: worker {words:?}");
    for option in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(option.as_str()), "{page}: worker {words:?}");
    }
}

#[test]
fn pages_name_commands_and_options_that_exist() {
    let known = e2e::commands();
    let mut count = 0;
    for page in pages() {
        for words in commands(&read(&page)) {
            count += 1;
            assert_known(&page, &words, &known);
        }
    }
    assert!(count > 60, "{count}");
}

/// The parts of a text between quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[test]
fn pages_name_panels_that_exist() {
    let titles = Dashboard::open().titles();
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        // Paragraphs, items of lists and rows of tables.
        let parts = text.replace("\n- ", "\n\n- ").replace(". ", ".\n\n");
        for part in parts.split("\n\n").filter(|part| part.contains("anel")) {
            for name in quoted(part) {
                count += 1;
                let name = name.replace('\n', " ");
                assert!(titles.contains(&name), "{page}: no panel {name}");
            }
        }
    }
    assert!(count > 20, "{count}");
}

/// The names of alerts in a text.
fn alert_names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_alert = |word: &&str| {
        let rest = word.strip_prefix("Hp").unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_uppercase())
    };
    words.filter(is_alert).map(Into::into).collect()
}

#[test]
fn pages_and_routes_name_alerts_that_exist() {
    let known: BTreeSet<_> = alerts().into_iter().map(|alert| alert.name).collect();
    for file in pages()
        .into_iter()
        .chain(["deploy/monitoring/alertmanager.yml".into()])
    {
        let names = alert_names(&read(&file));
        let unknown: Vec<_> = names.difference(&known).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

/// The name that a heading has in links.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || *c == ' ' || *c == '-';
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn links_of_pages_lead_somewhere() {
    let mut count = 0;
    for page in pages() {
        let folder = Path::new(&page).parent().unwrap();
        let text = read(&page);
        let links = text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap());
        for link in links {
            count += 1;
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.clone(),
                path => folder.join(path).to_str().unwrap().to_owned(),
            };
            assert!(repository(&target).exists(), "{page}: {link}");
            if !place.is_empty() {
                let text = read(&target);
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|line| anchor(line) == place), "{page}: {link}");
            }
        }
    }
    assert!(count > 60, "{count}");
}
