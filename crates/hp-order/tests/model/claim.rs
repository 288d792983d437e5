//! How a worker comes by the order, and what Redis learns from it on the way.

use hp_order::State;

use crate::{
    act::{allow, spend},
    action::Named,
    redis::Source,
    rules::{Fault, Setting},
    world::{Doing, Job, Memory, Told, World},
};

impl World {
    pub(crate) fn take(&mut self, w: usize, source: Source, setting: &Setting) -> Option<()> {
        allow(self.workers[w].job.is_none())?;
        match source {
            Source::Inbox => allow(!self.redis.inbox.is_empty())?,
            Source::Schedule | Source::Name => self.check_due(setting)?,
        }
        self.claim(w, source, None, setting);
        Some(())
    }

    /// An order whose lease ended in the hands of a living worker has met a mishap.
    fn check_due(&mut self, setting: &Setting) -> Option<()> {
        let order = self.redis.order.as_ref()?;
        let is_open = !order.state.has_ended() && order.state != State::Review;
        allow(is_open && order.due_in == 0 && order.claim < setting.bounds.claims)?;
        allow(order.is_settled || !setting.lacks(Fault::LeasesNeverEnd))?;
        let is_held = self.jobs().any(|job| job.order.is_same_claim(order));
        if is_held && !order.is_settled {
            spend(&mut self.left.mishaps)?;
        }
        Some(())
    }

    /// A run takes any open order that nobody is at; a person decides only about one in review.
    pub(crate) fn claim_named(&mut self, w: usize, named: Named, setting: &Setting) -> Option<()> {
        let order = self.redis.order.as_ref()?;
        let is_free = order.is_settled || order.due_in == 0;
        let is_open = !order.state.has_ended() && is_free;
        allow(if named == Named::Run {
            is_open
        } else {
            order.state == State::Review
        })?;
        allow(self.workers[w].job.is_none() && order.claim < setting.bounds.claims)?;
        spend(&mut self.left.mishaps)?;
        if named == Named::GiveUp {
            spend(&mut self.left.refusals)?;
        }
        self.claim(w, Source::Name, Some(named), setting);
        Some(())
    }

    fn claim(&mut self, w: usize, source: Source, named: Option<Named>, setting: &Setting) {
        self.show(w, setting);
        let Some((order, doubt_left)) = self.redis.take(source, setting) else {
            return;
        };
        self.is_forgotten = false;
        let is_kept = self.saved.is_none();
        self.workers[w].known = self
            .redis
            .epoch
            .as_ref()
            .map(|epoch| (epoch.start, epoch.taken));
        self.workers[w].job = Some(Job {
            order,
            doubt_left,
            taken: 0,
            memory: if is_kept {
                Memory::Kept
            } else {
                Memory::Unsaved
            },
            named,
            doing: if named == Some(Named::Retry) {
                Doing::Told(Told::Retried)
            } else {
                Doing::Holding
            },
        });
    }

    pub(crate) fn show_evidence(&mut self, w: usize, setting: &Setting) -> Option<()> {
        allow(self.workers[w].has_evidence)?;
        self.show(w, setting);
        Some(())
    }

    fn show(&mut self, w: usize, setting: &Setting) {
        let worker = &mut self.workers[w];
        self.redis.note_epoch(self.start, worker.known, setting);
        worker.has_evidence = false;
        worker.known = self
            .redis
            .epoch
            .as_ref()
            .map(|epoch| (epoch.start, epoch.taken));
    }
}
