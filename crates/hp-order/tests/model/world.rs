//! The state of all participants, as little of it as matters.

use hp_order::State;

use crate::{
    budget::Budget,
    epoch::Watermark,
    labels::{Labels, WORKERS},
    order::Order,
    promises::Promise,
    redis::Redis,
    setting::Bounds,
    time::Age,
    two_masters::OldMaster,
};

/// One order, and everything that concerns it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) redis: Redis,
    /// The state that Redis rolls back to if it fails now: the last one that reached the disk or the replica.
    pub(crate) saved: Option<Redis>,
    /// The master before the promotion, while a worker is there.
    pub(crate) old_master: Option<OldMaster>,
    /// The last rollback was a promotion.
    pub(crate) is_promoted: bool,
    /// How often Redis was restarted.
    pub(crate) generation: u8,
    pub(crate) since_rollback: Option<Age>,
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) requests: Vec<Request>,
    pub(crate) vendor: Vendor,
    /// Redis has forgotten that it ever knew the order.
    pub(crate) is_forgotten: bool,
    /// The account of the queue.
    pub(crate) account: u8,
    /// How often the shop repeated the order after its end.
    pub(crate) late_repetitions: u8,
    /// The promise that a settle call broke, if no later world shows it.
    pub(crate) broken: Option<Promise>,
    pub(crate) budget: Budget,
    pub(crate) labels: Labels,
}

/// A worker process, as far as this order is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Worker {
    pub(crate) watermark: Option<Watermark>,
    /// The worker knows of claim calls that Redis has forgotten, and has not shown it.
    pub(crate) has_evidence: bool,
    pub(crate) is_on_old_master: bool,
    pub(crate) job: Option<Job>,
}

/// The order that a worker has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    /// The record as the claim returned it.
    pub(crate) order: Order,
    /// `not_found_valid_from`, in ticks from now.
    pub(crate) not_found_valid_in: Option<u8>,
    pub(crate) since_claim: Age,
    /// The account on which the worker calls the vendor.
    pub(crate) account: u8,
    pub(crate) durability: Durability,
    /// Why the order was claimed by name.
    pub(crate) purpose: Option<Purpose>,
    pub(crate) phase: Phase,
}

/// Why an order is claimed by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// A reconciliation run queries it.
    Reconcile,
    /// An operator closes an order in review as not charged.
    GiveUp,
    /// An operator has an order in review submitted again.
    Resubmit,
    /// An operator closes an order in review against a record that does not fit.
    Close,
    /// An operator requeues an order in review for a fresh query.
    Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// The worker has done nothing yet.
    Claimed,
    /// The request has left; there is no answer yet.
    AwaitingAnswer,
    /// The worker knows what happened, and settles next.
    Settling(Observation),
}

/// What the worker observed: an `hp_order::Event` without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Observation {
    /// The cards of this order. The age of the record, in ticks.
    Charged(Age),
    /// The cards of an older order with this id.
    ChargedBefore,
    Refused,
    LowBalance,
    NeverSent,
    NoAnswer,
    Exists,
    /// A front end refused the submission, and a control call worked.
    Blocked,
    /// A front end turned the submission away.
    TurnedAway,
    Found(Age),
    FoundOlder,
    NotFound,
    /// A denial that is not the one for an order that never existed.
    OtherDenial,
    QueryUnanswered,
    /// A front end refused the query, and a control call worked.
    QueryBlocked,
    Declined,
    TooOld,
    Crashed,
    Released,
    Retried,
}

/// Whether Redis remembers a claim after a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Durability {
    Saved,
    /// The claim is newer than the saved state.
    Unsaved,
    /// Redis has rolled back to before the claim.
    Lost,
}

/// A submission on its way to HitPoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) age: Age,
    pub(crate) account: u8,
    pub(crate) durability: Durability,
    pub(crate) sender: Sender,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    /// This worker waits for the answer.
    Waiting(usize),
    /// This worker is alive and no longer waits.
    GaveUp(usize),
    Dead,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Vendor {
    pub(crate) charges: u8,
    /// The age of the last charge.
    pub(crate) charged: Option<Age>,
    /// The account of the last charge.
    pub(crate) account: u8,
    /// The id was charged before the ledger forgot it.
    pub(crate) has_older_record: bool,
    /// The request of a charge whose record is not visible yet.
    pub(crate) hidden: Option<Request>,
}

impl World {
    pub(crate) fn new(bounds: Bounds, redis: Redis) -> Self {
        Self {
            redis,
            saved: None,
            old_master: None,
            is_promoted: false,
            generation: 0,
            since_rollback: None,
            workers: Default::default(),
            requests: Vec::new(),
            vendor: Vendor::default(),
            is_forgotten: false,
            account: 0,
            late_repetitions: 0,
            broken: None,
            budget: Budget::new(bounds),
            labels: Labels::new(),
        }
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.workers.iter().filter_map(|worker| worker.job.as_ref())
    }

    /// Marks the requests of a worker that no longer waits.
    pub(crate) fn abandon_requests(&mut self, w: usize, sender: Sender) {
        let of_worker = [Sender::Waiting(w), Sender::GaveUp(w)];
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            if of_worker.contains(&request.sender) {
                request.sender = sender;
            }
        }
    }

    /// Returns `true` if nothing more needs to happen: the order has its result or is in review, or Redis does not know
    /// it.
    pub(crate) fn is_finished(&self) -> bool {
        let redis = &self.redis;
        let is_finished = match &redis.order {
            None => true,
            Some(order) if order.state == State::Review => true,
            Some(order) => {
                let is_answered = redis.copies >= self.late_repetitions;
                order.state.has_ended() && redis.results == 1 && is_answered
            }
        };
        is_finished && redis.inbox.is_empty()
    }
}
