/// The version of the queue protocol that this program follows.
pub const PROTOCOL: u32 = 1;
