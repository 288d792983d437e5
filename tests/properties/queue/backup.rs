use crate::reference::state::Reference;

/// What was on the disk: the reference and all keys.
pub(super) struct Backup {
    pub(super) reference: Reference,
    pub(super) values: Vec<(Option<Vec<u8>>, i64)>,
}
