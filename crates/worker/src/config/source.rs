//! The layers: defaults, then the file, then the environment. A later layer overrides an earlier one.

use std::{collections::HashMap, ffi::OsString, path::Path};

use config::{Config, ConfigError, Environment, File, FileFormat, Source, Value};

use super::{
    fault::{ConfigFault, variable},
    settings::Settings,
    text::{Node, Refusal},
};

pub(super) const DEFAULTS: &str = include_str!("defaults.toml");

/// Merges the layers into settings. Checks each of them by itself.
pub(super) fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Settings, ConfigFault> {
    let layer = file.map(|path| File::from(path).format(FileFormat::Toml));
    merge(layer, variables).map_err(|error| unreadable(file, &error))?
}

/// Returns the settings of the file, without defaults and environment variables, if it can be read.
pub(super) fn file_alone(file: &Path) -> Option<Config> {
    let layer = File::from(file).format(FileFormat::Toml);
    Config::builder().add_source(layer).build().ok()
}

/// Like [`load`], with the text of a file.
pub(super) fn load_text(
    file: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Settings, ConfigFault> {
    let layer = File::from_str(file, FileFormat::Toml);
    merge(Some(layer), variables).map_err(|error| unreadable(None, &error))?
}

fn merge(
    file: Option<impl Source + Send + Sync + 'static>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Result<Settings, ConfigFault>, ConfigError> {
    let mut layers = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(file) = file {
        layers = layers.add_source(file);
    }
    let merged = layers.add_source(environment(variables)).build()?;
    Ok(deserialize(merged.cache))
}

fn deserialize(merged: Value) -> Result<Settings, ConfigFault> {
    serde_path_to_error::deserialize(Node::from(merged)).map_err(|error| {
        let key = error.path().to_string();
        let variable = variable(&key);
        match error.into_inner() {
            Refusal::Unknown => ConfigFault::Unknown { key, variable },
            Refusal::Empty => ConfigFault::Empty { key, variable },
            Refusal::Because(reason) => ConfigFault::Value { key, reason },
        }
    })
}

/// The settings among the environment variables: `HP_WORKER__LEASE` is `worker.lease`. Ignores a variable without the
/// double underscore.
fn environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
    let settings: HashMap<_, _> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with("HP_") && name.contains("__"))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    Environment::with_prefix("HP")
        .prefix_separator("_")
        .separator("__")
        .source(Some(settings))
}

/// Leaves out the lines that the parser quotes from the file, because they may contain a secret.
fn unreadable(file: Option<&Path>, error: &ConfigError) -> ConfigFault {
    let file = file.map_or_else(
        || "the configuration".into(),
        |path| path.display().to_string(),
    );
    let message = error.to_string();
    let is_quoted = |line: &&str| {
        let line = line.trim_start();
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit());
        line.trim_start().starts_with('|')
    };
    let why: Vec<_> = message.lines().filter(|line| !is_quoted(line)).collect();
    ConfigFault::Unreadable {
        file,
        why: why.join(" "),
    }
}
