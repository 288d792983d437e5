/// Why a text is not JSON, or cannot be signed. Holds a place, never a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    what: &'static str,
    at: usize,
}

impl JsonError {
    pub(crate) fn new(what: &'static str, at: usize) -> Self {
        Self { what, at }
    }

    /// How many bytes before the fault were read without one.
    pub fn at(&self) -> usize {
        self.at
    }
}
