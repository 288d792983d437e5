use hp_order::State;
use hp_queue::{OpenOrders, ScheduleMetrics};
use proptest::prop_assert_eq;

use super::{Queue, Verdict};
use crate::{
    reference::{order::Order, state::Reference},
    view::DueAt,
};

impl Queue {
    /// Compares the figures for monitoring with the reference.
    pub(super) async fn metrics_agree(&self) -> Verdict {
        let (metrics, reference) = (self.workers[0].inspector.metrics().await, &self.reference);
        let metrics = metrics.unwrap();
        prop_assert_eq!(metrics.open_orders, Some(reference.open_orders()), "states");
        let schedule = metrics.schedule.unwrap();
        let wanted = ScheduleMetrics {
            for_operator: reference.count(|order| order.due_at == Some(DueAt::Never)),
            due: reference.count(|order| order.due_at == Some(DueAt::Due)),
            lag: schedule.lag,
        };
        prop_assert_eq!(schedule, wanted, "schedule");
        let is_replay = |order: &Order| order.record.state.has_ended() && order.due_at.is_some();
        let wanted = [
            reference.count(|order| order.is_held),
            reference.count(is_replay),
            count(reference.inbox.len()),
            count(reference.dead_letters),
            reference.is_balance_held.into(),
        ];
        let figures = [
            metrics.held_orders,
            metrics.replays_waiting,
            metrics.inbox.entries,
            metrics.dead_letters,
            metrics.balance_holds,
        ];
        prop_assert_eq!(
            figures,
            wanted.map(Some),
            "held, replays, inbox, dead letters, holds"
        );
        let switches = [metrics.is_paused, metrics.is_breaker_open];
        let wanted = [reference.paused, reference.breaker.pauses > 0];
        prop_assert_eq!(switches, wanted.map(Some), "paused, breaker");
        Ok(())
    }
}

impl Reference {
    fn count(&self, is_one: impl Fn(&Order) -> bool) -> u64 {
        count(self.orders.values().filter(|order| is_one(order)).count())
    }

    fn open_orders(&self) -> OpenOrders {
        let count = |state| self.count(|order| order.record.state == state);
        OpenOrders {
            queued: count(State::Queued),
            submitting: count(State::Submitting),
            uncertain: count(State::Uncertain),
            waiting: count(State::Waiting),
            review: count(State::Review),
        }
    }
}

fn count(orders: usize) -> u64 {
    orders.try_into().unwrap()
}
