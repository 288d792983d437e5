use hp_order::{Next, Record, State, Step, TerminalOutcome, VendorSignal};

use super::{Books, Doubt, Life, Order, Words};
use crate::shown::{Breaker, ClaimSkip, When};

/// A settling, as the holder of a claim asks for it.
#[derive(Clone)]
pub(crate) struct Settling {
    /// The order as it was claimed.
    pub(crate) record: Record,
    pub(crate) life: Life,
    pub(crate) words: Words,
    pub(crate) step: Step,
    pub(crate) contact: VendorSignal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Applied,
    /// It was applied before, and changes nothing.
    Repeated,
    /// What was heard of HitPoints counts, and nothing else.
    Stale,
    /// The order was forgotten, and is there again, as in doubt.
    Restored,
}

const SILENCES: u32 = 10;

impl Books {
    pub(crate) fn settle(&mut self, settling: &Settling, server: u32) -> Effect {
        let (id, claim) = (settling.id(), settling.record.claim);
        let Some(order) = self.orders.get(id) else {
            return self.restore(settling);
        };
        let ours = Some(order).filter(|order| order.is_held_by(claim, settling.life));
        if ours.is_some_and(|order| order.settled == claim) {
            return Effect::Repeated;
        }
        let (is_ours, is_present) = (ours.is_some(), self.is_present(settling.life, server));
        self.hear(settling);
        let is_uncharged = matches!(&settling.step.next, Next::End(ending) if !is_charged(ending));
        let is_end = !settling.record.state.has_ended();
        if !is_ours || is_uncharged && is_end && !is_present {
            return Effect::Stale;
        }
        self.apply(settling);
        Effect::Applied
    }

    fn restore(&mut self, settling: &Settling) -> Effect {
        self.hear(settling);
        if settling.record.state.has_ended() {
            return Effect::Stale;
        }
        let life = self.epoch.map_or(Life::NONE, |epoch| epoch.life);
        let id = settling.id().to_owned();
        self.orders.insert(id, Order::restored(settling, life));
        Effect::Restored
    }

    /// Whether Redis can have forgotten nothing since.
    fn is_present(&self, life: Life, server: u32) -> bool {
        self.epoch.is_some_and(|epoch| epoch.life == life) && life.server == server
    }

    fn apply(&mut self, settling: &Settling) {
        let order = self.orders.get_mut(settling.id()).unwrap();
        order.settled = settling.record.claim;
        match &settling.step.next {
            Next::End(ending) if settling.record.state.has_ended() => {
                order.repetitions.pop_front();
                order.when = (!order.repetitions.is_empty()).then_some(When::Due);
                self.told.push(told(settling, ending, true));
            }
            Next::End(ending) => {
                let told = told(settling, ending, false);
                order.apply(&settling.step);
                order.when = None;
                order.first = Some(told.clone());
                self.told.push(told);
            }
            Next::After(delay) if delay.is_zero() => order.goes_on(settling, When::Due),
            Next::After(_) => order.goes_on(settling, When::Later),
            Next::Review => order.goes_on(settling, When::Never),
        }
    }

    fn hear(&mut self, settling: &Settling) {
        let breaker = &mut self.breaker;
        let is_open = breaker.pauses > 0;
        let is_probe = breaker.probe == format!("{} {}", settling.id(), settling.record.claim);
        match settling.contact {
            VendorSignal::Answered => *breaker = Breaker::default(),
            VendorSignal::NoAnswer if !is_open => {
                breaker.silences += 1;
                if breaker.silences >= SILENCES {
                    breaker.pauses = 1;
                    self.breaker_pause_is_over = false;
                }
            }
            VendorSignal::NoAnswer if is_probe => {
                breaker.pauses += 1;
                breaker.probe.clear();
                self.breaker_pause_is_over = false;
            }
            VendorSignal::None | VendorSignal::OwnFailure if is_probe => {
                breaker.probe.clear();
                self.breaker_pause_is_over = true;
            }
            VendorSignal::NoAnswer | VendorSignal::None | VendorSignal::OwnFailure => {}
        }
        if settling.contact == VendorSignal::None {
            self.rate.give_back();
        }
    }
}

impl Order {
    pub(crate) fn is_held_by(&self, claim: u64, life: Life) -> bool {
        self.claim == claim && self.life == life
    }

    fn goes_on(&mut self, settling: &Settling, when: When) {
        self.apply(&settling.step);
        self.when = Some(when);
    }

    fn apply(&mut self, step: &Step) {
        self.state = step.state;
        self.attempts = step.attempts;
        self.checks = step.checks;
        self.crashes = step.crashes;
        self.cause = step.cause;
        if !matches!(step.state, State::Uncertain | State::Review) {
            self.doubt = Doubt::None;
        }
    }
}

impl Settling {
    fn id(&self) -> &str {
        self.record.wanted.order_id.as_str()
    }
}

fn is_charged(ending: &TerminalOutcome) -> bool {
    matches!(ending, TerminalOutcome::Completed { .. })
}

fn told(settling: &Settling, ending: &TerminalOutcome, is_copy: bool) -> ClaimSkip {
    let Words { own_stream, meta } = settling.words.clone();
    ClaimSkip {
        own_stream,
        id: settling.id().into(),
        status: ending.status().as_str().into(),
        reason: ending.reason().unwrap_or_default().into(),
        meta,
        is_copy,
        has_cards: is_charged(ending),
    }
}
