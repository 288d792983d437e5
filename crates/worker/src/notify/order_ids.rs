use hp_queue::QueueEvent;

/// The most orders that a message about several events names.
pub(super) const NAMED: usize = 10;

/// The orders of the oldest events.
pub(super) fn order_ids(events: &[QueueEvent]) -> Vec<&str> {
    let ids = events.iter().filter_map(|event| event.order_id.as_deref());
    ids.take(NAMED).collect()
}
