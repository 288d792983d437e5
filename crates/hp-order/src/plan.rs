use crate::{
    event::{Event, Expiry},
    policy::Policy,
    record::Record,
    state::State,
    time::Millis,
};

/// What a worker does with an order that it has just claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Submit the order to HitPoints.
    Submit,
    /// Query HitPoints for the order's record.
    Query,
    /// Make no call: this event decides.
    Conclude(Event),
}

/// Decides what to do with a claimed order.
pub fn plan(record: &Record, policy: &Policy, now: Millis) -> Task {
    match record.state {
        State::Queued | State::Waiting | State::Submitting => match expiry(record, policy, now) {
            Some(expiry) => Task::Conclude(Event::Expired(expiry)),
            None => Task::Submit,
        },
        State::Uncertain | State::Review | State::Completed if record.other_account.is_some() => {
            Task::Conclude(Event::OtherAccount)
        }
        State::Uncertain if record.is_poison(policy) => Task::Conclude(Event::Crashed),
        // A completed order is claimed for a replay. Only HitPoints still has its cards.
        State::Uncertain | State::Review | State::Completed => Task::Query,
        State::Failed | State::Rejected | State::Expired => Task::Conclude(Event::ReplayRequested),
    }
}

fn expiry(record: &Record, policy: &Policy, now: Millis) -> Option<Expiry> {
    if record.is_past_deadline(now) {
        return Some(Expiry::Deadline);
    }
    record.is_too_old(policy, now).then_some(Expiry::GiveUp)
}
