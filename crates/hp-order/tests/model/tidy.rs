//! Makes worlds equal between which nothing can tell a difference: so the checker has an end.

use crate::{
    redis::Order,
    world::{Doing, Job, World},
};

impl World {
    pub(crate) fn tidy(&mut self) {
        self.tidy_jobs();
        self.tidy_takes();
        self.tidy_claims();
        self.requests.sort_unstable_by_key(|request| {
            (request.age, request.memory as u8, request.sender.rank())
        });
    }

    fn tidy_jobs(&mut self) {
        for job in self.workers.iter_mut().filter_map(|w| w.job.as_mut()) {
            job.tidy();
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
        let is_shown = self.workers.iter().all(|worker| worker.known.is_none());
        if let Some(epoch) = self.redis.epoch.as_mut().filter(|_| is_shown) {
            (epoch.taken, epoch.taken_before) = (0, 0);
        }
    }

    /// Claims are only compared, and counted on, unless the order may be admitted again from the first.
    fn tidy_claims(&mut self) {
        let saved = self.saved.iter().map(|saved| saved.order.as_ref());
        let stored: Option<Vec<&Order>> =
            saved.chain([self.redis.order.as_ref()]).collect();
        let Some(stored) = stored else { return };
        let held = self.jobs().map(|job| &job.order);
        let least = stored.into_iter().chain(held).map(|order| order.claim).min();
        let surplus = least.unwrap_or(1) - 1;
        let stored = self.saved.iter_mut().filter_map(|saved| saved.order.as_mut());
        let held = self.workers.iter_mut().filter_map(|w| w.job.as_mut());
        for order in stored.chain(&mut self.redis.order).chain(held.map(|job| &mut job.order)) {
            order.claim -= surplus;
        }
    }
}

impl Job {
    fn tidy(&mut self) {
        self.order.due_in = 0;
        self.order.is_settled = false;
        self.order.restarted = None;
        if matches!(self.doing, Doing::Waiting | Doing::Told(_)) {
            self.taken = 0;
        }
    }
}
