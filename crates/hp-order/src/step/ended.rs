use super::transition::{Next, Step, Transition};
use crate::{
    event::{Event, QueryVerdict},
    state::State,
    terminal_outcome::{Source, TerminalOutcome},
};

impl Transition<'_> {
    /// An ended order is final: its result may be replayed, never changed.
    pub(super) fn replayed(&self, event: Event) -> Step {
        let record = self.record;
        let retry = || {
            let nth = u32::try_from(record.claim).unwrap_or(u32::MAX);
            Next::After(self.policy.backoff.check(nth, self.inputs.jitter))
        };
        // Only the other account has the cards. The repetition waits until an operator switches back to it.
        let is_out_of_reach = record.state == State::Completed && event == Event::OtherAccount;
        let next = match self.same_outcome(event) {
            Some(outcome) => Next::End(outcome),
            None if is_out_of_reach => Next::Parked,
            None => retry(),
        };
        self.to(record.state, next)
    }

    /// Returns how the order ended, if the event allows to publish it again. Only HitPoints still has the cards of a
    /// completed order, and its record must be the one that the first result was made of.
    fn same_outcome(&self, event: Event) -> Option<TerminalOutcome> {
        let record = self.record;
        match (record.state, event) {
            (
                State::Completed,
                Event::Queried(QueryVerdict::Found(order))
                | Event::Reconciled(QueryVerdict::Found(order)),
            ) if record
                .hp_order_id
                .is_none_or(|first| first == order.hp_order_id) =>
            {
                Some(TerminalOutcome::Completed {
                    order,
                    source: Source::Query,
                })
            }
            (State::Failed, Event::ReplayRequested) => record
                .failed
                .map(|(reason, source)| TerminalOutcome::Failed { reason, source }),
            (State::Rejected, Event::ReplayRequested) => {
                record.rejected.map(TerminalOutcome::Rejected)
            }
            (State::Expired, Event::ReplayRequested) => Some(TerminalOutcome::Expired),
            _ => None,
        }
    }
}
