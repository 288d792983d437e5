//! What a worker does with the order that it has claimed.

use hp_order::{Event, State, Task};

use crate::{
    action::QueryAnswer,
    adapter,
    budget::{require, spend},
    promises::Promise,
    setting::{Assumption, Dropped, Fault, Feature, Setting},
    time::{LEASE, older},
    world::{Job, Observation, Phase, Purpose, Request, Sender, Worker, World},
};

impl World {
    pub(crate) fn send(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.job_to_submit(w, setting)?;
        require(job.may_send(setting))?;
        job.phase = Phase::AwaitingAnswer;
        let counts_from_claim = setting.assumes(Assumption::TransitIncludesLease);
        let request = Request {
            age: if counts_from_claim {
                job.since_claim
            } else {
                0
            },
            account: job.account,
            durability: job.durability,
            sender: Sender::Waiting(w),
        };
        self.requests.push(request);
        Some(())
    }

    pub(crate) fn fail_to_send(&mut self, w: usize, setting: &Setting) -> Option<()> {
        self.job_to_submit(w, setting)?
            .observe(Observation::NeverSent);
        spend(&mut self.budget.failures)
    }

    pub(crate) fn decline(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.job_to_submit(w, setting)?;
        require(job.order.attempts <= 1)?;
        job.observe(Observation::Declined);
        spend(&mut self.budget.refusals)
    }

    pub(crate) fn release(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.job_to_submit(w, setting)?;
        let has_stalled = job.since_claim >= LEASE;
        job.observe(Observation::Released);
        if has_stalled {
            return Some(());
        }
        spend(&mut self.budget.failures)
    }

    fn job_to_submit(&mut self, w: usize, setting: &Setting) -> Option<&mut Job> {
        let job = self.untouched_job(w)?;
        (adapter::task(job, setting) == Task::Submit).then_some(job)
    }

    fn untouched_job(&mut self, w: usize) -> Option<&mut Job> {
        let job = self.workers[w].job.as_mut()?;
        (job.phase == Phase::Claimed).then_some(job)
    }

    pub(crate) fn conclude(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.untouched_job(w)?;
        match adapter::task(job, setting) {
            Task::Conclude(Event::Expired(_)) => job.observe(Observation::TooOld),
            Task::Conclude(Event::Crashed) => job.observe(Observation::Crashed),
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn query(&mut self, w: usize, answer: QueryAnswer, setting: &Setting) -> Option<()> {
        require(answer != QueryAnswer::Blocked || setting.models(Feature::FrontEnd))?;
        let vendor = self.vendor.clone();
        let job = self.untouched_job(w)?;
        let is_closed_unread =
            job.purpose == Some(Purpose::Close) && answer == QueryAnswer::Blocked;
        require(adapter::task(job, setting) == Task::Query && !is_closed_unread)?;
        job.observe(match answer {
            QueryAnswer::Truth => vendor.record_on(job.account).found(),
            QueryAnswer::OtherDenial => Observation::OtherDenial,
            QueryAnswer::Blocked => Observation::QueryBlocked,
            QueryAnswer::None => Observation::QueryUnanswered,
        });
        if answer == QueryAnswer::Truth {
            return Some(());
        }
        spend(&mut self.budget.failures)
    }

    pub(crate) fn stop_waiting(&mut self, w: usize) -> Option<()> {
        let job = self.workers[w].job.as_mut()?;
        require(job.phase == Phase::AwaitingAnswer)?;
        job.observe(Observation::NoAnswer);
        self.abandon_requests(w, Sender::GaveUp(w));
        spend(&mut self.budget.failures)
    }

    pub(crate) fn settle(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.workers[w].job.take()?;
        let Phase::Settling(observation) = job.phase else {
            return None;
        };
        let step = adapter::step_after(&job, observation, setting);
        let is_own = matches!(observation, Observation::Charged(_) | Observation::Found(_));
        let is_judged = matches!(setting.dropped, Dropped::None);
        // The vendor's record of the order was taken for that of another order.
        let is_disowned = is_judged && is_own && step.state == State::Review;
        if is_disowned {
            self.broken = Some(Promise::OwnRecordIsAccepted);
        } else if step.pause.is_some() {
            self.broken = Some(Promise::OneOrderPausesNothing);
        }
        self.redis
            .settle(&job.order, &step, self.generation, setting);
        self.is_forgotten &= self.redis.order.is_none();
        Some(())
    }

    pub(crate) fn settle_without_reply(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let job = self.workers[w].job.clone();
        self.settle(w, setting)?;
        self.workers[w].job = job;
        spend(&mut self.budget.failures)
    }

    pub(crate) fn crash(&mut self, w: usize) -> Option<()> {
        require(self.workers[w].job.is_some() || self.workers[w].has_evidence)?;
        self.workers[w] = Worker::default();
        self.abandon_requests(w, Sender::Dead);
        spend(&mut self.budget.failures)
    }
}

impl Job {
    /// Returns `true` if the worker may send the order. A worker that stalled past its lease notices it before it
    /// sends.
    pub(crate) fn may_send(&self, setting: &Setting) -> bool {
        let is_in_time = self.since_claim < LEASE || setting.has(Fault::SendsAfterLease);
        is_in_time && adapter::task(self, setting) == Task::Submit
    }

    pub(crate) fn observe(&mut self, observation: Observation) {
        self.phase = Phase::Settling(observation);
    }

    /// One tick passes. An answer is judged by the time of the query, so the record does not age once it has arrived.
    pub(crate) fn age(&mut self, setting: &Setting) {
        let is_answered = matches!(self.phase, Phase::Settling(_));
        if is_answered && !setting.has(Fault::JudgesNotFoundByAnswerTime) {
            return;
        }
        self.since_claim = older(self.since_claim);
        self.order.age(setting);
        self.not_found_valid_in = self.not_found_valid_in.map(|left| left.saturating_sub(1));
    }
}
