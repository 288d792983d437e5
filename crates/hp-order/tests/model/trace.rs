//! Prints a path through the model.

use stateright::Path;

use crate::{
    action::{Action, QueryAnswer, Verdict},
    redis::ClaimSource,
    world::{Purpose, World},
};

/// One line for each action: what happens, and the ledger, the charges and the requests after it.
pub(crate) fn trace(path: Path<World, Action>) -> String {
    let steps = path.into_vec();
    let lines = steps.windows(2).enumerate().map(|(n, pair)| {
        let [(before, Some(action)), (after, _)] = pair else {
            return String::new();
        };
        let action = before.describe(*action);
        format!("{:3}. {action:48} {}\n", n + 1, after.summary())
    });
    lines.collect()
}

impl World {
    fn describe(&self, action: Action) -> String {
        let (worker, text) = action.text();
        match worker {
            Some(place) => format!("worker {} {text}", self.labels.workers[place]),
            None => text.into(),
        }
    }

    fn summary(&self) -> String {
        let order = self.redis.order.as_ref();
        let order = order.map_or("unknown".into(), |order| {
            let claim = order.claim + self.labels.claims;
            let (state, attempts) = (order.state, order.attempts);
            format!("{state}, claim {claim}, attempts {attempts}")
        });
        let (charges, requests) = (self.vendor.charges, self.requests.len());
        format!("| {order} | charges {charges}, requests on their way {requests}")
    }
}

impl Action {
    /// The worker that acts, if any, and what happens.
    const fn text(self) -> (Option<usize>, &'static str) {
        match self {
            Self::Enqueue => (None, "the shop enqueues the order"),
            Self::Arrive(_, Verdict::Accept) => (None, "a request arrives"),
            Self::Arrive(_, Verdict::Refuse) => (None, "a request arrives and is refused"),
            Self::Arrive(_, Verdict::LowBalance) => (None, "a request meets a low balance"),
            Self::Arrive(_, Verdict::Block) => (None, "a request is blocked by a front end"),
            Self::Arrive(_, Verdict::TurnAway) => (None, "a front end turns the order away"),
            Self::ArriveBehindRefusal(..) => {
                (None, "a request arrives, its worker gets another refusal")
            }
            Self::Promote => (None, "a replica is promoted, the master lives on"),
            Self::LeaveOldMaster(w) => (Some(w), "finds the new master"),
            Self::StepForward => (None, "the clock of Redis steps ahead"),
            Self::StepBackward => (None, "the clock of Redis steps back"),
            Self::Expire => (None, "the ledger forgets the ended order"),
            Self::SwitchAccount => (None, "the queue gets another account"),
            Self::GetSurplusRefusal(w) => (Some(w), "gets the refusal of another request"),
            Self::ShowRecord => (None, "HitPoints shows its record"),
            Self::GrowOld => (None, "the order becomes too old"),
            Self::Save => (None, "the state of Redis is saved"),
            Self::RollBack => (None, "Redis rolls back to the saved state"),
            Self::Tick => (None, "a tick passes"),
            Self::Claim(w, ClaimSource::Inbox) => (Some(w), "claims from the inbox"),
            Self::Claim(w, ClaimSource::Schedule | ClaimSource::Name) => {
                (Some(w), "claims a due order")
            }
            Self::ClaimNamed(w, purpose) => (Some(w), purpose.text()),
            Self::ReportWatermark(w) => (Some(w), "reports its watermark"),
            Self::Send(w) => (Some(w), "sends the order"),
            Self::FailToSend(w) => (Some(w), "cannot send"),
            Self::Decline(w) => (Some(w), "declines by the product list"),
            Self::Release(w) => (Some(w), "is to release the order"),
            Self::Conclude(w) => (Some(w), "needs no call"),
            Self::Query(w, QueryAnswer::Truth) => (Some(w), "queries the record"),
            Self::Query(w, QueryAnswer::OtherDenial) => (Some(w), "queries, gets another denial"),
            Self::Query(w, QueryAnswer::Blocked) => (Some(w), "queries, is blocked"),
            Self::Query(w, QueryAnswer::None) => (Some(w), "queries, gets no answer"),
            Self::StopWaiting(w) => (Some(w), "stops waiting for the answer"),
            Self::Settle(w) => (Some(w), "settles"),
            Self::SettleWithoutReply(w) => (Some(w), "settles, and the reply is lost"),
            Self::Crash(w) => (Some(w), "is killed"),
        }
    }
}

impl Purpose {
    const fn text(self) -> &'static str {
        match self {
            Self::Reconcile => "claims for reconciliation",
            Self::GiveUp => "claims for an operator, to close it",
            Self::Resubmit => "claims for an operator, to resubmit it",
            Self::Close => "claims for an operator, to close it against the record",
            Self::Retry => "claims for an operator, to query again",
        }
    }
}
