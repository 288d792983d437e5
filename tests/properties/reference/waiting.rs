use crate::operation::Enqueue;

/// An entry of the inbox.
#[derive(Clone)]
pub(crate) struct Waiting {
    /// An order, or nonsense.
    pub(super) entry: Option<Enqueue>,
    /// It was there when the time had passed for which all new orders are doubted.
    pub(super) is_of_before: bool,
    /// It was there when the order of its id ended.
    pub(super) is_before_end: bool,
}
