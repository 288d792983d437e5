use std::{collections::BTreeMap, ffi::OsString, fmt::Display, path::Path};

use config::{Config, ConfigError, Environment, File, FileFormat, Value, ValueKind};

use super::ConfigFault;

/// Settings as text, by key (`worker.lease`). Reading takes them out, so that what is left was never asked for.
pub(super) struct Settings(BTreeMap<String, String>);

const DEFAULTS: &str = include_str!("defaults.toml");

impl Settings {
    /// Defaults, then the file, then the environment.
    pub(super) fn load(file: Option<&Path>, environment: Environment) -> Result<Self, ConfigFault> {
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            builder = builder.add_source(File::new(&path.to_string_lossy(), FileFormat::Toml));
        }
        let config = builder
            .add_source(environment)
            .build()
            .map_err(|error| unreadable(file, &error))?;
        let mut settings = BTreeMap::new();
        for (name, value) in config
            .cache
            .into_table()
            .map_err(|error| unreadable(file, &error))?
        {
            flatten(name, value, &mut settings);
        }
        Ok(Self(settings))
    }

    /// The value of `key`, read as it must be; `remedy` says how it is to be written.
    pub(super) fn need<T, E: Display>(
        &mut self,
        key: &str,
        remedy: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigFault> {
        self.find(key, remedy, read)?
            .ok_or_else(|| ConfigFault::Missing {
                key: key.into(),
                variable: variable(key),
                remedy: remedy.into(),
            })
    }

    /// The same for a key that may be unset.
    pub(super) fn find<T, E: Display>(
        &mut self,
        key: &str,
        remedy: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigFault> {
        let Some(text) = self.0.remove(key).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        read(&text).map(Some).map_err(|why| ConfigFault::Value {
            key: key.into(),
            value: text,
            why: why.to_string(),
            remedy: remedy.into(),
        })
    }

    /// The value of `key`, or the content of the file named by `key_file`.
    pub(super) fn or_file(&mut self, key: &str) -> Result<Option<String>, ConfigFault> {
        let file_key = format!("{key}_file");
        let given = self.0.remove(key).filter(|text| !text.is_empty());
        match (given, self.file(&file_key)?) {
            (Some(_), Some(_)) => Err(ConfigFault::Contradiction(format!(
                "{key} and {file_key} are both set: give one of them"
            ))),
            (given, None) => Ok(given),
            (None, Some(text)) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
        }
    }

    /// The content of the file named by `key`.
    pub(super) fn file(&mut self, key: &str) -> Result<Option<String>, ConfigFault> {
        match self.0.remove(key).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(path) => read_file(key, &path).map(Some),
        }
    }

    /// Complains of the first setting that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ConfigFault> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(key) => Err(ConfigFault::Unknown {
                variable: variable(&key),
                key,
            }),
        }
    }
}

/// The environment's settings: `HP_WORKER__LEASE` is `worker.lease`. A variable without the double underscore
/// is not ours.
pub(super) fn environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Environment {
    let ours = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with("HP_") && name.contains("__"))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    Environment::with_prefix("HP")
        .prefix_separator("_")
        .separator("__")
        .source(Some(ours))
}

fn flatten(name: String, value: Value, into: &mut BTreeMap<String, String>) {
    match value.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                flatten(format!("{name}.{key}"), value, into);
            }
        }
        ValueKind::Nil => {}
        other => {
            into.insert(name, other.to_string());
        }
    }
}

fn read_file(key: &str, path: &str) -> Result<String, ConfigFault> {
    std::fs::read_to_string(path).map_err(|error| ConfigFault::Value {
        key: key.into(),
        value: path.into(),
        why: error.to_string(),
        remedy: "name a file that this user may read".into(),
    })
}

/// Without the lines that a parser quotes from the file: there may be a secret in them.
fn unreadable(file: Option<&Path>, error: &ConfigError) -> ConfigFault {
    let file = file.map_or_else(
        || "the configuration".into(),
        |path| path.display().to_string(),
    );
    let said = error.to_string();
    let quoted = |line: &&str| {
        let line = line
            .trim_start()
            .trim_start_matches(|c: char| c.is_ascii_digit());
        line.trim_start().starts_with('|')
    };
    let why: Vec<_> = said.lines().filter(|line| !quoted(line)).collect();
    ConfigFault::Unreadable {
        file,
        why: why.join(" "),
    }
}

pub(super) fn variable(key: &str) -> String {
    format!("HP_{}", key.to_uppercase().replace('.', "__"))
}
