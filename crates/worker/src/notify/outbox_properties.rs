//! The outbox against random receivers, and against one that gets bad events for ever.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hp_queue::NumberedEvent;
use proptest::prelude::*;

use super::{
    delivery::{FailureScope, Next},
    outbox_tests::{after, drain, event, failure, numbers, outbox, page, reviews},
};

const KINDS: [&str; 4] = [
    "order.review",
    "order.review_resolved",
    "queue.paused",
    "queue.resumed",
];

fn events() -> impl Strategy<Value = Vec<NumberedEvent>> {
    let one = (0..KINDS.len(), 0_u8..6);
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let named = (1..).zip(all).map(|(n, (kind, order))| {
            let order = (kind < 2).then(|| format!("A-{order}"));
            event(n, KINDS[kind], order.as_deref())
        });
        named.collect()
    })
}

fn answers() -> impl Strategy<Value = Vec<Option<FailureScope>>> {
    let scope = prop_oneof![
        3 => Just(None),
        1 => Just(Some(FailureScope::Message)),
        1 => Just(Some(FailureScope::Unclear)),
        1 => Just(Some(FailureScope::Receiver(Some(Duration::from_secs(5))))),
    ];
    prop::collection::vec(scope, 0..60)
}

/// The events that a receiver gets which accepts all but these: no earlier one of the same order is in their way.
fn deliverable(events: &[NumberedEvent], poisons: &[bool]) -> Vec<u64> {
    let mut stopped = HashSet::new();
    let goes = |(one, is_poison): &(&NumberedEvent, &bool)| {
        let subject = one.event.order_id.clone();
        if **is_poison {
            stopped.insert(subject.clone());
        }
        !stopped.contains(&subject)
    };
    let all = events.iter().zip(poisons);
    all.filter(goes).map(|(one, _)| one.place).collect()
}

#[test]
fn breaking_events_that_follow_stop_no_earlier_one() {
    let mut outbox = outbox(reviews(1..=3));
    let (mut time, mut next) = (Duration::ZERO, 4);
    let is_good = |n: &u64| n.is_multiple_of(3);
    let mut accepted = Vec::new();
    while time < Duration::from_hours(6) {
        match outbox.next(after(time)) {
            Next::Wait(wait) => {
                time += wait.clamp(Duration::from_millis(1), Duration::from_mins(5));
                outbox.add(page(reviews(next..=next)));
                next += 1;
            }
            Next::Send(batch) if numbers(&batch).iter().all(is_good) => {
                outbox.delivered(&batch, after(time));
                accepted.extend(numbers(&batch));
            }
            Next::Send(batch) => {
                let failure = failure(FailureScope::Unclear);
                outbox.failed(&batch, failure, after(time), 0.5);
            }
        }
    }
    assert!(accepted.contains(&3), "{accepted:?}");
}

proptest! {
    // Each case simulates hours.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever events the receiver refuses or breaks at: it gets all others within hours.
    #[test]
    fn acceptable_events_are_delivered(
        events in events(),
        poisons in prop::collection::vec(prop::bool::weighted(0.3), 60),
        is_refused in any::<bool>(),
    ) {
        let wanted = deliverable(&events, &poisons);
        let scope = if is_refused { FailureScope::Message } else { FailureScope::Unclear };
        let answer = |numbers: &[u64]| {
            let is_poison = |n: &u64| poisons[usize::try_from(*n).unwrap() - 1];
            numbers.iter().any(is_poison).then_some(scope)
        };
        let sent = drain(&mut outbox(events), Duration::from_hours(12), answer);
        let mut sent: Vec<_> = sent.into_iter().flatten().collect();
        sent.sort_unstable();
        prop_assert_eq!(sent, wanted);
    }
}

proptest! {
    /// Whatever is merged, refused or repeated: each event is accepted once, and those of one order in their order. The stored
    /// progress never forgets an event.
    #[test]
    fn events_of_an_order_stay_in_order(events in events(), pages in 1_usize..20, answers in answers()) {
        let subjects: HashMap<u64, String> = events
            .iter()
            .map(|one| (one.place, one.event.order_id.clone().unwrap_or_default()))
            .collect();
        let mut outbox = outbox(Vec::new());
        let mut answers = answers.into_iter();
        let (mut time, mut accepted, mut idle) = (Duration::ZERO, Vec::new(), 0);
        let mut pages = events.chunks(pages).map(<[_]>::to_vec);
        let mut read = 0;
        while idle < 3 && time < Duration::from_hours(12) {
            match pages.next() {
                Some(events) => {
                    read += events.len();
                    outbox.add(page(events));
                }
                None => idle += 1,
            }
            while let Next::Send(batch) = outbox.next(after(time)) {
                idle = 0;
                if let Some(scope) = answers.next().flatten() {
                    outbox.failed(&batch, failure(scope), after(time), 0.5);
                } else {
                    accepted.extend(numbers(&batch));
                    outbox.delivered(&batch, after(time));
                }
                let progress = outbox.progress();
                let place = usize::try_from(progress.place).unwrap();
                // Waiting, accepted, or after the cursor.
                prop_assert!(accepted.len() + progress.waiting.len() >= place);
                prop_assert!(place <= read);
            }
            time += Duration::from_mins(6);
        }
        let mut sorted = accepted.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (1..=events.len() as u64).collect::<Vec<_>>());
        let mut latest = HashMap::new();
        for n in accepted {
            let before = latest.insert(subjects[&n].clone(), n);
            prop_assert!(before.is_none_or(|before| before < n));
        }
    }
}
