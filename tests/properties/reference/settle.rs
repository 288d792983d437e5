use hp_order::{Next, State, Step, TerminalOutcome, VendorSignal};

use super::{
    epoch::EpochName,
    order::{Doubt, Order},
    request::SettleRequest,
    state::Reference,
};
use crate::{
    operation::ReplyWords,
    view::{Breaker, DueAt, ResultEntry},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Applied,
    /// It was applied before, and changes nothing.
    Repeated,
    /// Only its signal counts.
    Stale,
    /// The order was forgotten, and is restored in doubt.
    Restored,
}

const MAX_FAILURES: u32 = 10;

impl Reference {
    /// Settles a group: one order after the other, as one call does it. A forgotten order is restored after that, by a call
    /// of its own.
    pub(crate) fn settle(&mut self, group: &[SettleRequest], server: u32) -> Vec<Effect> {
        let known: Vec<_> = group
            .iter()
            .map(|request| self.settle_known(request, server))
            .collect();
        let effects = known.into_iter().zip(group);
        effects
            .map(|(effect, request)| effect.unwrap_or_else(|| self.restore(request)))
            .collect()
    }

    /// Returns nothing if the order is forgotten.
    fn settle_known(&mut self, request: &SettleRequest, server: u32) -> Option<Effect> {
        let claim = request.record.claim;
        let Some(order) = self.orders.get(request.id()) else {
            self.apply_signal(request);
            return None;
        };
        let ours = Some(order).filter(|order| order.is_held_by(claim, request.epoch));
        if ours.is_some_and(|order| order.settled == claim) {
            return Some(Effect::Repeated);
        }
        let (is_ours, is_present) = (ours.is_some(), self.is_present(request.epoch, server));
        self.apply_signal(request);
        let is_uncharged = matches!(&request.step.next, Next::End(ending) if !is_charged(ending));
        let is_end = !request.record.state.has_ended();
        if !is_ours || is_uncharged && is_end && !is_present {
            return Some(Effect::Stale);
        }
        self.apply(request);
        Some(Effect::Applied)
    }

    fn restore(&mut self, request: &SettleRequest) -> Effect {
        if request.record.state.has_ended() || self.orders.contains_key(request.id()) {
            return Effect::Stale;
        }
        let epoch = self.epoch.map_or(EpochName::NONE, |epoch| epoch.name);
        let id = request.id().to_owned();
        self.orders.insert(id, Order::restored(request, epoch));
        Effect::Restored
    }

    /// Whether Redis cannot have forgotten anything since.
    fn is_present(&self, name: EpochName, server: u32) -> bool {
        self.epoch.is_some_and(|epoch| epoch.name == name) && name.server == server
    }

    fn apply(&mut self, request: &SettleRequest) {
        let words = &request.words;
        self.report_change(request);
        let order = self.orders.get_mut(request.id()).unwrap();
        order.settled = request.record.claim;
        match &request.step.next {
            Next::End(ending) if request.record.state.has_ended() => {
                let mut waiting: Vec<_> = order.replays.drain(..).collect();
                if waiting.is_empty() {
                    waiting.push(words.clone());
                }
                order.due_at = None;
                for words in &waiting {
                    self.publish(result_entry(request, words, ending, true));
                }
            }
            Next::End(ending) => {
                let entry = result_entry(request, words, ending, false);
                order.apply(&request.step);
                order.due_at = None;
                order.first = Some(entry.clone());
                self.publish(entry);
                self.spend(ending);
                self.mark_end(request.id());
            }
            Next::After(delay) if delay.is_zero() => order.continues(request, DueAt::Due),
            Next::After(_) => order.continues(request, DueAt::Later),
            Next::Held { .. } => order.hold(request),
            Next::Review | Next::Parked => order.continues(request, DueAt::Never),
        }
    }

    fn spend(&mut self, ending: &TerminalOutcome) {
        if let TerminalOutcome::Completed { order, .. } = ending {
            let currency = order.currency.as_ref().map(ToString::to_string);
            let currency = currency.unwrap_or_else(|| "unknown".into());
            *self.spent.entry(currency).or_default() += 4375;
        }
    }

    fn report_change(&mut self, request: &SettleRequest) {
        let (id, next) = (request.id(), &request.step.next);
        let was = self.orders[id].record.state;
        let is_in_review = matches!(next, Next::Review | Next::Parked);
        let is_unsent = matches!(was, State::Queued | State::Waiting);
        if matches!(next, Next::End(ending) if is_unsent && is_charged(ending)) {
            self.add_event("reconcile.difference", id);
        } else if is_in_review && was != State::Review {
            self.add_event("order.review", id);
        } else if !is_in_review && was == State::Review {
            self.add_event("order.review_resolved", id);
        }
    }

    fn apply_signal(&mut self, request: &SettleRequest) {
        let was_open = self.breaker.pauses > 0;
        self.change_breaker(request);
        match (was_open, self.breaker.pauses > 0) {
            (false, true) => self.add_event("vendor.unreachable", ""),
            (true, false) => self.add_event("vendor.reachable", ""),
            _ => {}
        }
        self.is_throttled |= matches!(request.signal, VendorSignal::Throttled(_));
        if matches!(request.signal, VendorSignal::None | VendorSignal::NeverSent) {
            self.rate.give_back();
        }
    }

    fn change_breaker(&mut self, request: &SettleRequest) {
        let breaker = &mut self.breaker;
        let is_open = breaker.pauses > 0;
        let is_probe = breaker.probe == format!("{} {}", request.id(), request.record.claim);
        match request.signal {
            VendorSignal::Answered => *breaker = Breaker::default(),
            VendorSignal::NoAnswer if !is_open => {
                breaker.failures += 1;
                if breaker.failures >= MAX_FAILURES {
                    breaker.pauses = 1;
                    self.breaker_pause_is_over = false;
                }
            }
            VendorSignal::NoAnswer if is_probe => {
                breaker.pauses += 1;
                breaker.probe.clear();
                self.breaker_pause_is_over = false;
            }
            VendorSignal::None
            | VendorSignal::NeverSent
            | VendorSignal::OwnFailure
            | VendorSignal::Throttled(_)
                if is_probe =>
            {
                breaker.probe.clear();
                self.breaker_pause_is_over = true;
            }
            VendorSignal::NoAnswer
            | VendorSignal::None
            | VendorSignal::NeverSent
            | VendorSignal::OwnFailure
            | VendorSignal::Throttled(_) => {}
        }
    }
}

impl Order {
    pub(crate) fn is_held_by(&self, claim: u64, epoch: EpochName) -> bool {
        self.record.claim == claim && self.epoch == epoch
    }

    fn continues(&mut self, request: &SettleRequest, due_at: DueAt) {
        self.apply(&request.step);
        self.due_at = Some(due_at);
    }

    fn hold(&mut self, request: &SettleRequest) {
        self.apply(&request.step);
        (self.due_at, self.is_held) = (None, true);
    }

    fn apply(&mut self, step: &Step) {
        self.record.state = step.state;
        self.record.attempts = step.attempts;
        self.record.checks = step.checks;
        self.record.crashes = step.crashes;
        self.record.cause = step.cause;
        if !matches!(step.state, State::Uncertain | State::Review) {
            self.doubt = Doubt::None;
        }
    }
}

fn is_charged(ending: &TerminalOutcome) -> bool {
    matches!(ending, TerminalOutcome::Completed { .. })
}

fn result_entry(
    request: &SettleRequest,
    words: &ReplyWords,
    ending: &TerminalOutcome,
    is_copy: bool,
) -> ResultEntry {
    let ReplyWords { own_stream, meta } = words.clone();
    ResultEntry {
        own_stream,
        id: request.id().into(),
        status: ending.status().as_str().into(),
        reason: ending.reason().unwrap_or_default().into(),
        meta,
        is_copy,
        has_cards: is_charged(ending),
    }
}
