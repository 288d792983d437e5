/// The reason why a PEM text is not a usable key. The message does not quote the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub(super) String);
