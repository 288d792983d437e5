/// Why the worker refuses a configuration, and what the operator should do. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigFault {
    /// The file is missing, unreadable or not TOML.
    #[error("Cannot read {file}: {why}. Correct the file, or give another one with --config.")]
    Unreadable { file: String, why: String },
    /// A setting without a default is not set.
    #[error(
        "{key} is not set. {remedy}. Set it in the file or as the environment variable {variable}."
    )]
    Missing {
        key: String,
        variable: String,
        remedy: String,
    },
    /// A setting is set to the empty text.
    #[error(
        "{key} is empty. Give it a value, or remove it (and the environment variable {variable}): then it has its default, if there is one."
    )]
    Empty { key: String, variable: String },
    /// The value of a setting is refused. `reason` continues the sentence that the key begins.
    #[error("{key} {reason}")]
    Value { key: String, reason: String },
    /// A key that this version does not have.
    #[error(
        "{key} (or the environment variable {variable}) is not a setting of this version. Remove it. `worker config` lists the settings."
    )]
    Unknown { key: String, variable: String },
    /// Settings that contradict each other, in a complete sentence.
    #[error("{0}")]
    Contradiction(String),
}

/// The environment variable that overrides `key`: `HP_WORKER__LEASE` for `worker.lease`.
pub(super) fn variable(key: &str) -> String {
    format!("HP_{}", key.to_uppercase().replace('.', "__"))
}
