//! Makes worlds equal that nothing can tell apart, so that the checker visits each only once.

use crate::{
    labels::WORKERS,
    order::Order,
    setting::{Fault, Setting},
    world::{Durability, Job, Observation, Phase, Sender, Worker, World},
};

impl World {
    pub(crate) fn canonicalize(&mut self, setting: &Setting) {
        let is_fenced =
            !setting.has(Fault::SettlesWithoutClaim) && !setting.has(Fault::SettlesWithoutEpoch);
        let has_one_master = self.budget.promotions == 0 && self.old_master.is_none();
        if self.budget.rollbacks == 0 && has_one_master && is_fenced {
            self.drop_stale_jobs(setting);
        }
        for job in self.workers.iter_mut().filter_map(|w| w.job.as_mut()) {
            job.canonicalize();
        }
        if self.old_master.is_none() {
            self.canonicalize_claim_calls();
            self.canonicalize_claims();
            self.canonicalize_rollback();
        }
        self.canonicalize_boundary();
        self.sort_workers();
        self.requests.sort_unstable_by_key(|request| {
            (request.age, request.durability as u8, request.sender.rank())
        });
    }

    /// Without another rollback a claim that is not current never becomes current again: what its holder observes
    /// changes nothing.
    fn drop_stale_jobs(&mut self, setting: &Setting) {
        for w in 0..WORKERS {
            let Some(job) = &self.workers[w].job else {
                continue;
            };
            let is_current = self.redis.order.is_none_or(|order| {
                order.may_be_settled_by(&job.order, setting) && !order.state.has_ended()
            });
            let may_send = job.phase == Phase::Claimed && job.may_send(setting);
            if !is_current && !may_send {
                self.workers[w].job = None;
                self.abandon_requests(w, Sender::GaveUp(w));
            }
        }
    }

    /// Numbers of claim calls matter only from a save until a worker shows what was lost.
    fn canonicalize_claim_calls(&mut self) {
        if self.saved.is_some() {
            return;
        }
        for worker in &mut self.workers {
            worker.watermark = worker.watermark.filter(|_| worker.has_evidence);
        }
        let known = self.workers.iter().filter_map(|worker| worker.watermark);
        let highest = known.map(|watermark| watermark.claim_calls).max();
        let Some(epoch) = &mut self.redis.epoch else {
            return;
        };
        if highest.is_none() {
            epoch.claim_calls_before = 0;
        }
        let relevant = epoch.claim_calls_before.max(highest.unwrap_or(0));
        epoch.claim_calls = epoch.claim_calls.min(relevant);
    }

    /// Claim numbers are only compared and counted on, unless the order may be admitted again from the first.
    fn canonicalize_claims(&mut self) {
        let saved = self.saved.iter().map(|saved| saved.order.as_ref());
        let stored: Option<Vec<&Order>> = saved.chain([self.redis.order.as_ref()]).collect();
        let Some(stored) = stored else { return };
        let claimed = self.jobs().map(|job| &job.order);
        let orders = stored.into_iter().chain(claimed);
        let lowest = orders.map(|order| order.claim).min();
        let surplus = lowest.unwrap_or(1) - 1;
        self.labels.claims = self.labels.claims.saturating_add(surplus);
        let saved = self.saved.iter_mut();
        let saved = saved.filter_map(|saved| saved.order.as_mut());
        let jobs = self.workers.iter_mut().filter_map(|w| w.job.as_mut());
        let claimed = jobs.map(|job| &mut job.order);
        for order in saved.chain(&mut self.redis.order).chain(claimed) {
            order.claim -= surplus;
        }
    }

    /// The last rollback matters as long as it has left anything behind.
    fn canonicalize_rollback(&mut self) {
        let jobs = self.jobs().map(|job| job.durability);
        let requests = self.requests.iter().chain(&self.vendor.hidden);
        let is_anything_lost = jobs
            .chain(requests.map(|request| request.durability))
            .any(|durability| durability == Durability::Lost);
        let is_relevant = is_anything_lost || self.workers.iter().any(|worker| worker.has_evidence);
        self.since_rollback = self.since_rollback.filter(|_| is_relevant);
    }

    /// Without entries in the inbox it does not matter which of them would be in doubt.
    fn canonicalize_boundary(&mut self) {
        if self.budget.enqueues > 0 {
            return;
        }
        let old_master = self.old_master.as_mut().map(|old| &mut old.redis);
        for redis in [&mut self.redis]
            .into_iter()
            .chain(&mut self.saved)
            .chain(old_master)
        {
            if let Some(epoch) = redis.epoch.as_mut().filter(|_| redis.inbox.is_empty()) {
                epoch.has_boundary = true;
            }
        }
    }

    fn sort_workers(&mut self) {
        let mut places: [usize; WORKERS] = std::array::from_fn(|w| w);
        places.sort_by_key(|w| self.workers[*w].rank());
        self.workers = places.map(|w| std::mem::take(&mut self.workers[w]));
        self.labels.workers = places.map(|w| self.labels.workers[w]);
        let place_of = |w: usize| places.iter().position(|place| *place == w).unwrap_or(w);
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            match &mut request.sender {
                Sender::Waiting(worker) | Sender::GaveUp(worker) => *worker = place_of(*worker),
                Sender::Dead => {}
            }
        }
    }
}

impl Worker {
    /// Busy workers come first, idle ones last.
    fn rank(&self) -> impl Ord + use<> {
        let job = self.job.as_ref().map(Job::rank);
        std::cmp::Reverse((
            self.has_evidence,
            self.is_on_old_master,
            self.watermark,
            job,
        ))
    }
}

impl Observation {
    fn rank(self) -> u8 {
        match self {
            Self::Charged(age) => age,
            Self::Found(age) => 8 + age,
            Self::ChargedBefore => 16,
            Self::FoundOlder => 17,
            Self::Refused => 18,
            Self::LowBalance => 19,
            Self::NeverSent => 20,
            Self::NoAnswer => 21,
            Self::Exists => 22,
            Self::NotFound => 23,
            Self::OtherDenial => 24,
            Self::QueryUnanswered => 25,
            Self::Declined => 26,
            Self::TooOld => 27,
            Self::Crashed => 28,
            Self::Released => 29,
            Self::Retried => 30,
            Self::Blocked => 31,
            Self::QueryBlocked => 32,
            Self::TurnedAway => 33,
        }
    }
}

impl Sender {
    fn rank(self) -> (u8, usize) {
        match self {
            Self::Waiting(worker) => (0, worker),
            Self::GaveUp(worker) => (1, worker),
            Self::Dead => (2, 0),
        }
    }
}

impl Job {
    /// Drops what only the stored record needs.
    fn canonicalize(&mut self) {
        self.order.due_in = 0;
        self.order.is_settled = false;
        self.order.restarted = None;
        if self.phase != Phase::Claimed {
            self.since_claim = 0;
        }
    }

    fn rank(&self) -> (u8, u8, u8, u8) {
        let phase = match self.phase {
            Phase::Claimed => 0,
            Phase::AwaitingAnswer => 1,
            Phase::Settling(observation) => 2 + observation.rank(),
        };
        (
            self.order.claim,
            phase,
            self.since_claim,
            self.order.attempts,
        )
    }
}
