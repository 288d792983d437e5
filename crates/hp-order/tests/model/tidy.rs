//! Makes worlds equal between which nothing can tell a difference, so that the checker looks at each but once.

use std::hash::{Hash, Hasher};

use crate::{
    redis::Order,
    rules::{Fault, Setting},
    world::{Doing, Job, Memory, Sender, WORKERS, Worker, World},
};

/// What is only told, and makes no difference between worlds.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    /// What the workers are called, who may change places.
    pub(crate) workers: [usize; WORKERS],
    /// Claims that are not counted any more.
    pub(crate) claims: u8,
}

impl Labels {
    pub(crate) fn new() -> Self {
        Self {
            workers: std::array::from_fn(|n| n + 1),
            claims: 0,
        }
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Labels {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Labels {}

impl World {
    pub(crate) fn tidy(&mut self, setting: &Setting) {
        let is_fenced = !setting.lacks(Fault::SettlesWithoutClaim)
            && !setting.lacks(Fault::SettlesWithoutEpoch);
        if self.left.falls == 0 && is_fenced {
            self.drop_idle_jobs(setting);
        }
        for job in self.workers.iter_mut().filter_map(|w| w.job.as_mut()) {
            job.tidy();
        }
        self.tidy_takes();
        self.tidy_claims();
        self.tidy_fall();
        self.tidy_places();
        self.requests.sort_unstable_by_key(|request| {
            (request.age, request.memory as u8, request.sender.rank())
        });
    }

    /// Where Redis falls back no more, a claim that is not the current one never will be again: what its holder is
    /// told changes nothing.
    fn drop_idle_jobs(&mut self, setting: &Setting) {
        for w in 0..WORKERS {
            let Some(job) = &self.workers[w].job else {
                continue;
            };
            let is_current = self.redis.order.is_none_or(|order| {
                order.may_be_settled_by(&job.order, setting) && !order.state.has_ended()
            });
            let may_send = job.doing == Doing::Holding && job.may_send(setting);
            if !is_current && !may_send {
                self.workers[w].job = None;
                self.leave_requests(w, Sender::GaveUp(w));
            }
        }
    }

    /// Numbers of takes matter only from a save to the showing of what it has lost.
    fn tidy_takes(&mut self) {
        if self.saved.is_some() {
            return;
        }
        for worker in &mut self.workers {
            worker.known = worker.known.filter(|_| worker.has_evidence);
        }
        let known = self.workers.iter().filter_map(|worker| worker.known);
        let most = known.map(|(_, take)| take).max();
        let Some(epoch) = &mut self.redis.epoch else {
            return;
        };
        if most.is_none() {
            epoch.taken_before = 0;
        }
        epoch.taken = epoch.taken.min(epoch.taken_before.max(most.unwrap_or(0)));
    }

    /// Claims are only compared, and counted on, unless the order may be admitted again from the first.
    fn tidy_claims(&mut self) {
        let saved = self.saved.iter().map(|saved| saved.order.as_ref());
        let stored: Option<Vec<&Order>> = saved.chain([self.redis.order.as_ref()]).collect();
        let Some(stored) = stored else { return };
        let held = self.jobs().map(|job| &job.order);
        let least = stored
            .into_iter()
            .chain(held)
            .map(|order| order.claim)
            .min();
        let surplus = least.unwrap_or(1) - 1;
        self.labels.claims = self.labels.claims.saturating_add(surplus);
        let stored = self
            .saved
            .iter_mut()
            .filter_map(|saved| saved.order.as_mut());
        let held = self.workers.iter_mut().filter_map(|w| w.job.as_mut());
        let held = held.map(|job| &mut job.order);
        for order in stored.chain(&mut self.redis.order).chain(held) {
            order.claim -= surplus;
        }
    }

    /// The last fall-back matters as long as it has left anything behind.
    fn tidy_fall(&mut self) {
        let memories = self.jobs().map(|job| job.memory);
        let requests = self.requests.iter().chain(&self.vendor.hidden);
        let has_left_anything = memories
            .chain(requests.map(|request| request.memory))
            .any(|memory| memory == Memory::Erased);
        let is_remembered =
            has_left_anything || self.workers.iter().any(|worker| worker.has_evidence);
        self.fallen = self.fallen.filter(|_| is_remembered);
    }

    fn tidy_places(&mut self) {
        let mut places: [usize; WORKERS] = std::array::from_fn(|w| w);
        places.sort_by_key(|w| self.workers[*w].rank());
        self.workers = places.map(|w| std::mem::take(&mut self.workers[w]));
        self.labels.workers = places.map(|w| self.labels.workers[w]);
        let place_of = |w: usize| places.iter().position(|place| *place == w).unwrap_or(w);
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            match &mut request.sender {
                Sender::Waits(worker) | Sender::GaveUp(worker) => *worker = place_of(*worker),
                Sender::Dead => {}
            }
        }
    }
}

impl Worker {
    /// Busy ones first, so that the idle ones are the last.
    fn rank(&self) -> impl Ord + use<> {
        let job = self.job.as_ref().map(Job::rank);
        std::cmp::Reverse((self.has_evidence, self.known, job))
    }
}

impl Sender {
    fn rank(self) -> (u8, usize) {
        match self {
            Self::Waits(worker) => (0, worker),
            Self::GaveUp(worker) => (1, worker),
            Self::Dead => (2, 0),
        }
    }
}

impl Job {
    fn tidy(&mut self) {
        self.order.due_in = 0;
        self.order.is_settled = false;
        self.order.restarted = None;
        if self.doing != Doing::Holding {
            self.taken = 0;
        }
    }

    fn rank(&self) -> (u8, u8, u8, u8) {
        let doing = match self.doing {
            Doing::Holding => 0,
            Doing::Waiting => 1,
            Doing::Told(told) => 2 + told as u8,
        };
        (self.order.claim, doing, self.taken, self.order.attempts)
    }
}
