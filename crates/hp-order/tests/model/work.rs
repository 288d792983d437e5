//! What a worker does with the order in its hands, and what HitPoints answers.

use hp_order::{Event, Task};

use crate::{
    act::{allow, spend},
    action::Answer,
    real,
    rules::{Assumption, Fault, LEASE, Setting},
    world::{Doing, Job, Request, Sender, Told, Worker, World, older},
};

impl World {
    pub(crate) fn send(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.submitting(w, setting)?;
        allow(job.may_send(setting))?;
        job.doing = Doing::Waiting;
        let from_the_claim = setting.assumes(Assumption::TransitIncludesLease);
        let request = Request {
            age: if from_the_claim { job.taken } else { 0 },
            memory: job.memory,
            sender: Sender::Waits(w),
        };
        self.requests.push(request);
        Some(())
    }

    pub(crate) fn fail_to_send(&mut self, w: usize, setting: &Setting) -> Option<()> {
        self.submitting(w, setting)?.told(Told::NeverSent);
        spend(&mut self.left.mishaps)
    }

    pub(crate) fn decline(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.submitting(w, setting)?;
        allow(job.order.attempts <= 1)?;
        job.told(Told::Declined);
        spend(&mut self.left.refusals)
    }

    pub(crate) fn give_back(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.submitting(w, setting)?;
        let is_stalled = job.taken >= LEASE;
        job.told(Told::Released);
        if is_stalled {
            return Some(());
        }
        spend(&mut self.left.mishaps)
    }

    fn submitting(&mut self, w: usize, setting: &Setting) -> Option<&mut Job> {
        let job = self.holding(w)?;
        (real::task(job, setting) == Task::Submit).then_some(job)
    }

    fn holding(&mut self, w: usize) -> Option<&mut Job> {
        let job = self.workers[w].job.as_mut()?;
        (job.doing == Doing::Holding).then_some(job)
    }

    pub(crate) fn conclude(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.holding(w)?;
        match real::task(job, setting) {
            Task::Conclude(Event::Expired(_)) => job.told(Told::TooOld),
            Task::Conclude(Event::Crashed) => job.told(Told::Crashed),
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn ask(&mut self, w: usize, answer: Answer, setting: &Setting) -> Option<()> {
        let is_shown = self.vendor.charges > 0 && self.vendor.hidden.is_none();
        let job = self.holding(w)?;
        allow(real::task(job, setting) == Task::Query)?;
        job.told(match answer {
            Answer::Truth if is_shown => Told::Found,
            Answer::Truth => Told::NotFound,
            Answer::OddNo => Told::OddNo,
            Answer::Silence => Told::Silence,
        });
        if answer == Answer::Truth {
            return Some(());
        }
        spend(&mut self.left.mishaps)
    }

    pub(crate) fn stop_waiting(&mut self, w: usize) -> Option<()> {
        let job = self.workers[w].job.as_mut()?;
        allow(job.doing == Doing::Waiting)?;
        job.told(Told::NoAnswer);
        self.leave_requests(w, Sender::GaveUp(w));
        spend(&mut self.left.mishaps)
    }

    pub(crate) fn leave_requests(&mut self, w: usize, sender: Sender) {
        let of_worker = [Sender::Waits(w), Sender::GaveUp(w)];
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            if of_worker.contains(&request.sender) {
                request.sender = sender;
            }
        }
    }

    pub(crate) fn settle(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.workers[w].job.take()?;
        let Doing::Told(told) = job.doing else {
            return None;
        };
        let step = real::outcome(&job, told, setting);
        self.redis.settle(&job.order, &step, self.start, setting);
        self.is_forgotten &= self.redis.order.is_none();
        Some(())
    }

    pub(crate) fn settle_unheard(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.workers[w].job.clone();
        self.settle(w, setting)?;
        self.workers[w].job = job;
        spend(&mut self.left.mishaps)
    }

    pub(crate) fn crash(&mut self, w: usize) -> Option<()> {
        allow(self.workers[w].job.is_some() || self.workers[w].has_evidence)?;
        self.workers[w] = Worker::default();
        self.leave_requests(w, Sender::Dead);
        spend(&mut self.left.mishaps)
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.workers.iter().filter_map(|worker| worker.job.as_ref())
    }
}

impl Job {
    /// Whether it is to be sent, and may be: a worker that was stalled beyond its lease finds that out before.
    pub(crate) fn may_send(&self, setting: &Setting) -> bool {
        let in_time = self.taken < LEASE || setting.lacks(Fault::SendsAfterItsLease);
        in_time && real::task(self, setting) == Task::Submit
    }

    pub(crate) fn told(&mut self, told: Told) {
        self.doing = Doing::Told(told);
    }

    /// One tick later. An answer is held against the time at which it was asked for, so the record stands still
    /// once it has come.
    pub(crate) fn age(&mut self, setting: &Setting) {
        if self.doing.is_told() && !setting.lacks(Fault::JudgesByTheTimeOfTheAnswer) {
            return;
        }
        self.taken = older(self.taken);
        self.order.age();
        self.doubt_left = self.doubt_left.map(|left| left.saturating_sub(1));
    }
}
