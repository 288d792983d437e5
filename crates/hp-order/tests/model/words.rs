//! A way through the model, told in words.

use stateright::Path;

use crate::{
    action::{Action, Answer, Named, Verdict},
    redis::Source,
    world::World,
};

/// What happens, step by step, and what the ledger, HitPoints and the network look like after each.
pub(crate) fn tell(path: Path<World, Action>) -> String {
    let steps = path.into_vec();
    let lines = steps.windows(2).enumerate().map(|(n, pair)| {
        let [(before, Some(action)), (after, _)] = pair else {
            return String::new();
        };
        let action = before.in_words(*action);
        format!("{:3}. {action:48} {}\n", n + 1, after.in_short())
    });
    lines.collect()
}

impl World {
    fn in_words(&self, action: Action) -> String {
        let (worker, words) = action.words();
        match worker {
            Some(place) => format!("worker {} {words}", self.labels.workers[place]),
            None => words.into(),
        }
    }

    fn in_short(&self) -> String {
        let order = self.redis.order.as_ref();
        let order = order.map_or("unknown".into(), |order| {
            let claim = order.claim + self.labels.claims;
            format!(
                "{}, claim {claim}, attempts {}",
                order.state, order.attempts
            )
        });
        let (charged, requests) = (self.vendor.charges, self.requests.len());
        format!("| {order} | charged {charged}, on their way {requests}")
    }
}

impl Action {
    const fn words(self) -> (Option<usize>, &'static str) {
        match self {
            Self::Put => (None, "the shop puts the order in"),
            Self::Arrive(_, Verdict::Accept) => (None, "a request arrives"),
            Self::Arrive(_, Verdict::Refuse) => (None, "a request arrives and is refused"),
            Self::Arrive(_, Verdict::LowBalance) => (None, "a request meets too low a balance"),
            Self::ShowRecord => (None, "HitPoints shows its record"),
            Self::GrowOld => (None, "the order is too old now"),
            Self::Save => (None, "Redis' state is saved"),
            Self::FallBack => (None, "Redis falls back to the saved state"),
            Self::Tick => (None, "a tick passes"),
            Self::Take(w, Source::Inbox) => (Some(w), "takes from the inbox"),
            Self::Take(w, Source::Schedule | Source::Name) => (Some(w), "takes what is due"),
            Self::Name(w, Named::Run) => (Some(w), "reconciles"),
            Self::Name(w, Named::GiveUp) => {
                (Some(w), "is told that it was not charged, to give it up")
            }
            Self::Name(w, Named::Resubmit) => {
                (Some(w), "is told that it was not charged, to send it again")
            }
            Self::Name(w, Named::Retry) => (Some(w), "is told to ask about it anew"),
            Self::ShowEvidence(w) => (Some(w), "takes nothing, and tells what it knows"),
            Self::Send(w) => (Some(w), "sends the order"),
            Self::FailToSend(w) => (Some(w), "cannot send"),
            Self::Decline(w) => (Some(w), "finds that the product list says no"),
            Self::GiveBack(w) => (Some(w), "is to give it back"),
            Self::Conclude(w) => (Some(w), "needs no call"),
            Self::Ask(w, Answer::Truth) => (Some(w), "asks for the record"),
            Self::Ask(w, Answer::OddNo) => (Some(w), "asks, and gets an odd no"),
            Self::Ask(w, Answer::Silence) => (Some(w), "asks, and gets no answer"),
            Self::StopWaiting(w) => (Some(w), "waits for the answer no longer"),
            Self::Settle(w) => (Some(w), "settles"),
            Self::SettleUnheard(w) => (Some(w), "settles, and does not hear of it"),
            Self::Crash(w) => (Some(w), "is killed"),
        }
    }
}
