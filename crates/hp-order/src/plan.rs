use crate::{Event, Expiry, Policy, Record, State, time::Millis};

/// What a worker is to do with an order that it has just claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Send it to HitPoints.
    Submit,
    /// Ask HitPoints for its record.
    Query,
    /// No call is needed: this has happened to it.
    Conclude(Event),
}

/// Decides what to do with a claimed order.
pub fn plan(record: &Record, policy: &Policy, now: Millis) -> Task {
    match record.state {
        State::Queued | State::Waiting | State::Submitting => match overdue(record, policy, now) {
            Some(limit) => Task::Conclude(Event::Expired(limit)),
            None => Task::Submit,
        },
        State::Uncertain if record.is_poison(policy) => Task::Conclude(Event::Crashed),
        // An ended order is claimed when its result is wanted again; only HitPoints still has the cards.
        State::Uncertain | State::Review | State::Completed => Task::Query,
        State::Failed | State::Rejected | State::Expired => Task::Conclude(Event::ReplayRequested),
    }
}

fn overdue(record: &Record, policy: &Policy, now: Millis) -> Option<Expiry> {
    if record.is_past_deadline(now) {
        return Some(Expiry::Deadline);
    }
    (now.since(record.begun_at()) >= policy.give_up_after).then_some(Expiry::GiveUp)
}
