mod delay;
mod ended;
mod operator;
mod queried;
mod submitted;
mod transition;
mod worker;

pub use self::{
    transition::{Next, Step},
    worker::other_account_evidence,
};

use self::transition::Transition;
use crate::{
    event::Event, policy::Policy, record::Record, terminal_outcome::Source, time::DecisionInputs,
};

/// Decides how a claimed order continues after an event.
///
/// Total: every event in every state has a step, and no step completes or ends an order without proof.
pub fn step(record: &Record, event: Event, policy: &Policy, inputs: DecisionInputs) -> Step {
    let transition = Transition {
        record,
        policy,
        inputs,
    };
    if record.state.has_ended() {
        return transition.replayed(event);
    }
    match event {
        Event::Submitted(outcome) => transition.submitted(outcome),
        Event::AccountRefused(outcome) => transition.account_refused(outcome),
        Event::OrderRefused(outcome) => transition.order_refused(outcome),
        Event::Queried(verdict) => transition.queried(verdict, Source::Query),
        Event::Reconciled(verdict) => transition.reconciled(verdict),
        Event::Resolved(resolution, verdict) => transition.resolved(resolution, verdict),
        Event::Retried => transition.retried(),
        Event::Declined(rejection) => transition.declined(rejection),
        Event::Expired(expiry) => transition.expired(expiry),
        Event::Released | Event::ReplayRequested => transition.released(),
        Event::BalanceHeld(delay) => transition.balance_held(delay),
        Event::HeldForBalance(scope) => transition.held_for_balance(scope),
        Event::Panicked => transition.panicked(),
        Event::Crashed => transition.crashed(),
        Event::OtherAccount => transition.not_queryable(),
    }
}
