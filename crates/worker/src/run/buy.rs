use std::{convert::Infallible, sync::Arc};

use apalis::prelude::Data;
use hp_api::{CallError, Lookup, Outcome};
use hp_order::{Event, Finding, Millis, Record, Task, plan};
use tracing::warn;

use super::{Buyer, held::Held};

/// Does what is to be done with a claimed order, and tells what happened.
pub(super) async fn buy(held: Held, buyer: Data<Arc<Buyer>>) -> Result<Event, Infallible> {
    let event = match plan(held.record(), &buyer.policy, held.now()) {
        Task::Conclude(event) => event,
        Task::Query => Event::Queried(buyer.look_up(held.record(), held.now()).await),
        Task::Submit => match buyer.objection(&held).await {
            Some(rejection) => Event::Declined(rejection),
            None => match buyer.withheld(&held).await {
                Some(delay) => Event::Withheld(delay),
                None if held.is_stale(buyer.lease) => Event::Released,
                None => buyer.submit(&held).await,
            },
        },
    };
    Ok(event)
}

impl Buyer {
    /// The product list's objection; an order that was sent before is HitPoints' to judge.
    async fn objection(&self, held: &Held) -> Option<hp_order::Rejection> {
        if !held.record().is_first_attempt() {
            return None;
        }
        self.catalogue.objection(&held.record().wanted).await
    }

    async fn submit(&self, held: &Held) -> Event {
        let (wanted, lease, claim) = (&held.record().wanted, self.lease, held.clone());
        // The claim may run out at any moment while this process stands still. Then another worker has the order, and
        // what it finds out counts on nothing being sent from here.
        let answer = self.client.fetch_if(wanted, move || !claim.is_stale(lease));
        let answer = answer.await;
        if answer == Err(CallError::Withdrawn) {
            return Event::Released;
        }
        let outcome = Outcome::of(answer);
        self.learn_balance(wanted.product_id, &outcome).await;
        Event::Submitted(outcome)
    }

    /// Asks HitPoints for the record of an order. What a denial would decide at this time is asked about with more care.
    pub(crate) async fn look_up(&self, record: &Record, now: Millis) -> Finding {
        let wanted = &record.wanted;
        let lookup = Lookup::of(self.client.query(wanted).await);
        let Lookup::Absent(absence) = lookup else {
            return Finding::of(lookup, None);
        };
        let probe = self.probe.answer().await;
        if probe != Some(absence) || !record.is_moved_by_not_found(&self.policy, now) {
            return Finding::of(lookup, probe);
        }
        // A trouble may have ended just before HitPoints gave another order: only a second denial counts.
        match self.probe.confirm().await {
            Ok(()) => Finding::of(Lookup::of(self.client.query(wanted).await), probe),
            Err(why) => {
                warn!(%why, "HitPoints' denial is not believed; the order is asked about again");
                Finding::disbelieved(absence, &why.to_string())
            }
        }
    }
}
