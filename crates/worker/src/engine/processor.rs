use std::{convert::Infallible, sync::Arc};

use apalis::prelude::Data;
use hp_api::{CallError, Lookup, Outcome};
use hp_order::{Event, Millis, QueryVerdict, Record, Task, plan};
use tracing::warn;

use super::{OrderProcessor, held::ClaimedOrder};

/// Does what is to be done with a claimed order, and tells what happened.
pub(super) async fn buy(
    held: ClaimedOrder,
    processor: Data<Arc<OrderProcessor>>,
) -> Result<Event, Infallible> {
    let event = match plan(held.record(), &processor.policy, held.now()) {
        Task::Conclude(event) => event,
        Task::Query => Event::Queried(processor.look_up(held.record(), held.now()).await),
        Task::Submit => match processor.objection(&held).await {
            Some(rejection) => Event::Declined(rejection),
            None => match processor.withheld(&held).await {
                Some(delay) => Event::BalanceHeld(delay),
                None if held.is_stale(processor.lease) => Event::Released,
                None => processor.submit(&held).await,
            },
        },
    };
    Ok(event)
}

impl OrderProcessor {
    /// The product list's objection; an order that was sent before is HitPoints' to judge.
    async fn objection(&self, held: &ClaimedOrder) -> Option<hp_order::Rejection> {
        if !held.record().is_first_attempt() {
            return None;
        }
        self.catalogue.objection(&held.record().wanted).await
    }

    async fn submit(&self, held: &ClaimedOrder) -> Event {
        let (wanted, lease, claim) = (&held.record().wanted, self.lease, held.clone());
        // The claim may run out at any moment while this process stands still. Then another worker has the order, and
        // what it finds out counts on nothing being sent from here.
        let answer = self.client.fetch_if(wanted, move || !claim.is_stale(lease));
        let answer = answer.await;
        if answer == Err(CallError::Cancelled) {
            return Event::Released;
        }
        let outcome = Outcome::of(answer);
        self.learn_balance(wanted.product_id, &outcome).await;
        Event::Submitted(outcome)
    }

    /// Asks HitPoints for the record of an order. What a denial would decide at this time is asked about with more care.
    pub(crate) async fn look_up(&self, record: &Record, now: Millis) -> QueryVerdict {
        let wanted = &record.wanted;
        let lookup = Lookup::of(self.client.query(wanted).await);
        let Lookup::NotFound(absence) = lookup else {
            return QueryVerdict::of(lookup, None);
        };
        let probe = self.probe.answer().await;
        if probe != Some(absence) || !record.is_decided_by_not_found(&self.policy, now) {
            return QueryVerdict::of(lookup, probe);
        }
        // A trouble may have ended just before HitPoints gave another order: only a second denial counts.
        match self.probe.confirm().await {
            Ok(()) => QueryVerdict::of(Lookup::of(self.client.query(wanted).await), probe),
            Err(why) => {
                warn!(%why, "HitPoints' denial is not believed; the order is asked about again");
                QueryVerdict::inconclusive(absence, &why.to_string())
            }
        }
    }
}
