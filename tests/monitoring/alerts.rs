//! The alert rules, and the other files of `deploy/monitoring`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use yaml_rust2::{Yaml, YamlLoader};

/// An alert rule.
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) expression: String,
    /// How long the expression must hold before the alert fires.
    pub(crate) delay: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Alert {
    fn read(rule: &Yaml) -> Self {
        let text = |field: &str| rule[field].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("alert"),
            expression: text("expr"),
            delay: text("for"),
            labels: texts(&rule["labels"]),
            annotations: texts(&rule["annotations"]),
        }
    }
}

/// The path of a file or folder of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

pub(crate) fn read(path: &str) -> String {
    let path = repository(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the files in a folder, without this ending, in order.
pub(crate) fn stems(folder: &str, ending: &str) -> Vec<String> {
    let files = fs::read_dir(repository(folder)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut stems: Vec<_> = names
        .filter_map(|name| Some(name.strip_suffix(ending)?.to_owned()))
        .collect();
    stems.sort();
    stems
}

pub(crate) fn yaml(path: &str) -> Yaml {
    YamlLoader::load_from_str(&read(path)).unwrap().remove(0)
}

/// A mapping of texts.
pub(crate) fn texts(mapping: &Yaml) -> BTreeMap<String, String> {
    let pairs = mapping.as_hash().into_iter().flatten();
    let text = |value: &Yaml| value.as_str().unwrap().to_owned();
    pairs
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// The files with rules.
pub(crate) fn rule_files() -> Vec<String> {
    stems("deploy/monitoring/rules", ".yml")
}

/// All alerts.
pub(crate) fn alerts() -> Vec<Alert> {
    let mut alerts = Vec::new();
    for file in rule_files() {
        let rules = yaml(&format!("deploy/monitoring/rules/{file}.yml"));
        for group in rules["groups"].as_vec().unwrap() {
            alerts.extend(group["rules"].as_vec().unwrap().iter().map(Alert::read));
        }
    }
    assert!(alerts.len() > 20);
    alerts
}
