/// The reason why a text is not JSON or cannot be signed. It holds a position, never a part of the text.
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

    /// Returns the byte position of the fault, counted from 0.
    pub fn at(&self) -> usize {
        self.at
    }
}
