use hp_order::{Contact, Ending, Next, State, Step};

use super::{Books, Life, Order, Words};
use crate::shown::{Breaker, Told, When};

/// A settling, as the holder of a claim asks for it.
#[derive(Clone)]
pub(crate) struct Settling {
    pub(crate) id: String,
    pub(crate) claim: u64,
    pub(crate) life: Life,
    /// In which state it was claimed.
    pub(crate) state: State,
    pub(crate) words: Words,
    pub(crate) step: Step,
    pub(crate) contact: Contact,
}

const SILENCES: u32 = 10;

impl Books {
    /// Whether the settling counts.
    pub(crate) fn settle(&mut self, settling: &Settling, server: u32) -> bool {
        self.hear(settling);
        let epoch = self.epoch.map(|epoch| epoch.life);
        let Some(order) = self.orders.get_mut(&settling.id) else {
            return false;
        };
        if order.claim != settling.claim || order.life != settling.life {
            return false;
        }
        match &settling.step.next {
            Next::End(ending) if settling.state.has_ended() => {
                if order.when.take().is_some() {
                    order.again = None;
                    self.told.push(told(settling, ending, true));
                }
            }
            Next::End(_) if order.first.is_some() => {}
            Next::End(ending) => {
                let is_charged = matches!(ending, Ending::Completed { .. });
                let is_present = epoch == Some(order.life) && order.life.server == server;
                if !is_charged && !is_present {
                    return false;
                }
                let told = told(settling, ending, false);
                order.apply(&settling.step);
                order.when = None;
                order.first = Some(told.clone());
                self.told.push(told);
            }
            Next::After(delay) => {
                order.goes_on(
                    settling,
                    if delay.is_zero() {
                        When::Due
                    } else {
                        When::Later
                    },
                );
            }
            Next::Review => order.goes_on(settling, When::Never),
        }
        true
    }

    fn hear(&mut self, settling: &Settling) {
        let breaker = &mut self.breaker;
        let is_open = breaker.pauses > 0;
        let is_probe = breaker.probe == format!("{} {}", settling.id, settling.claim);
        match settling.contact {
            Contact::Answer => *breaker = Breaker::default(),
            Contact::Silence if !is_open => {
                breaker.silences += 1;
                if breaker.silences >= SILENCES {
                    breaker.pauses = 1;
                    self.breaker_pause_is_over = false;
                }
            }
            Contact::Silence if is_probe => {
                breaker.pauses += 1;
                breaker.probe.clear();
                self.breaker_pause_is_over = false;
            }
            Contact::None if is_probe => {
                breaker.probe.clear();
                self.breaker_pause_is_over = true;
            }
            Contact::Silence | Contact::None => {}
        }
    }
}

impl Order {
    fn goes_on(&mut self, settling: &Settling, when: When) {
        self.apply(&settling.step);
        self.settled = settling.claim;
        self.when = Some(when);
    }

    fn apply(&mut self, step: &Step) {
        self.state = step.state;
        self.attempts = step.attempts;
        self.checks = step.checks;
        self.crashes = step.crashes;
        self.is_doubted &= matches!(step.state, State::Uncertain | State::Review);
    }
}

fn told(settling: &Settling, ending: &Ending, is_copy: bool) -> Told {
    let Words { own_stream, meta } = settling.words.clone();
    Told {
        own_stream,
        id: settling.id.clone(),
        status: ending.status().as_str().into(),
        reason: ending.reason().unwrap_or_default().into(),
        meta,
        is_copy,
        has_cards: matches!(ending, Ending::Completed { .. }),
    }
}
