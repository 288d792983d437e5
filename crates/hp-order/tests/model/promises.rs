//! What must hold in every state.

use crate::{
    action::{Action, Answer, Verdict},
    redis::Source,
    rules::Setting,
    world::{Doing, Ended, Sender, World},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    NeverChargedTwice,
    OneResult,
    CompletedOnlyIfCharged,
    NotChargedOnlyIfNot,
    EndsAreFinal,
    NeverLost,
}

impl World {
    pub(crate) fn broken(&self, setting: &Setting) -> Option<Promise> {
        let charges = self.vendor.charges;
        let ended = self.redis.ended;
        let broken = [
            (charges > 1, Promise::NeverChargedTwice),
            (self.redis.results > 1, Promise::OneResult),
            (
                ended == Some(Ended::Charged) && charges == 0,
                Promise::CompletedOnlyIfCharged,
            ),
            (
                ended == Some(Ended::NotCharged) && charges > 0,
                Promise::NotChargedOnlyIfNot,
            ),
            (
                ended.is_some()
                    && self
                        .redis
                        .order
                        .is_some_and(|order| !order.state.has_ended()),
                Promise::EndsAreFinal,
            ),
        ];
        let broken = broken
            .into_iter()
            .find_map(|(is_broken, promise)| is_broken.then_some(promise));
        let is_lost = || setting.looks_ahead && !self.ends_in_calm(setting);
        broken.or_else(|| is_lost().then_some(Promise::NeverLost))
    }

    /// Whether the order comes to its end if from here on nothing fails any more.
    fn ends_in_calm(&self, setting: &Setting) -> bool {
        let setting = &setting.without_bounds();
        let mut world = self.clone();
        for _ in 0..20 {
            for worker in 0..setting.bounds.workers {
                let _ = world.act(Action::ShowEvidence(worker), setting);
                world.finish(worker, setting);
            }
            if world.is_settled() {
                return true;
            }
            world.left.mishaps = 1;
            let anything = [Source::Inbox, Source::Schedule].map(|from| Action::Take(0, from));
            let _ = anything
                .into_iter()
                .find_map(|take| world.act(take, setting));
            world.finish(0, setting);
            let _ = world.act(Action::Tick, setting);
            world.tidy(setting);
        }
        false
    }

    /// The worker does all that it has to do with the order in its hands.
    fn finish(&mut self, w: usize, setting: &Setting) {
        while let Some(job) = &self.workers[w].job {
            let request = self
                .requests
                .iter()
                .position(|request| request.sender == Sender::Waits(w));
            let next = match (job.doing, request) {
                (Doing::Holding, _) => self.work(w, setting),
                (Doing::Waiting, Some(request)) => Action::Arrive(request, Verdict::Accept),
                (Doing::Waiting, None) => Action::StopWaiting(w),
                (Doing::Told(_), _) => Action::Settle(w),
            };
            self.left.mishaps = 1;
            if self.act(next, setting).is_none() {
                return;
            }
        }
    }

    fn work(&self, w: usize, setting: &Setting) -> Action {
        let ways = [
            Action::Send(w),
            Action::Ask(w, Answer::Truth),
            Action::Conclude(w),
        ];
        let way = ways
            .into_iter()
            .find(|way| self.clone().act(*way, setting).is_some());
        way.unwrap_or(Action::GiveBack(w))
    }
}
