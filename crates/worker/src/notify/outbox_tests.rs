//! The outbox against random receivers.

use std::{collections::HashMap, time::Duration};

use hp_order::Millis;
use hp_queue::{EventPage, NotifierProgress, NumberedEvent, QueueEvent, Takeover};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::outbox::{Batch, Failure, FailureScope, Next, Now, Outbox};

const START: u64 = 1_000_000;
const DAY: Duration = Duration::from_hours(24);

fn event(n: u64, kind: &str, order: Option<&str>) -> NumberedEvent {
    let event = QueueEvent {
        entry: format!("{START}-{n}"),
        event: kind.into(),
        at: Millis(START),
        order_id: order.map(Into::into),
        detail: Map::<String, Value>::new(),
    };
    NumberedEvent { place: n, event }
}

fn reviews(numbers: std::ops::RangeInclusive<u64>) -> Vec<NumberedEvent> {
    let one = |n| event(n, "order.review", Some(&format!("A-{n}")));
    numbers.map(one).collect()
}

fn outbox(events: Vec<NumberedEvent>) -> Outbox {
    let mut outbox = Outbox::new(takeover(NotifierProgress {
        cursor: "0-0".into(),
        ..NotifierProgress::default()
    }));
    outbox.add(page(events));
    outbox
}

fn takeover(progress: NotifierProgress) -> Takeover {
    Takeover {
        now: Millis(START),
        progress,
        waiting: Vec::new(),
        gone: 0,
    }
}

fn page(events: Vec<NumberedEvent>) -> EventPage {
    let last = events.last();
    EventPage {
        now: Millis(START),
        last: last.map(|last| (last.event.entry.clone(), last.place)),
        events,
        lost: 0,
    }
}

fn after(time: Duration) -> Now {
    Now {
        redis: Millis(START).plus(time),
        steady: time,
    }
}

fn failure(scope: FailureScope) -> Failure {
    Failure {
        reason: "because".into(),
        scope,
    }
}

/// The numbers of the events.
fn numbers(batch: &Batch) -> Vec<u64> {
    let number = |event: &QueueEvent| event.entry.split_once('-').unwrap().1.parse().unwrap();
    batch.events.iter().map(number).collect()
}

fn send(outbox: &mut Outbox, now: Now) -> Option<Batch> {
    match outbox.next(now) {
        Next::Send(batch) => Some(batch),
        Next::Wait(_) => None,
    }
}

/// Sends everything to a receiver that answers by `answer`, for as long as `limit`. Returns the numbers of the events of each
/// message that it has accepted.
fn drain(
    outbox: &mut Outbox,
    limit: Duration,
    mut answer: impl FnMut(&[u64]) -> Option<FailureScope>,
) -> Vec<Vec<u64>> {
    let (mut time, mut accepted) = (Duration::ZERO, Vec::new());
    while time < limit {
        match outbox.next(after(time)) {
            Next::Wait(wait) => time += wait.max(Duration::from_millis(1)),
            Next::Send(batch) => {
                let numbers = numbers(&batch);
                if let Some(scope) = answer(&numbers) {
                    outbox.failed(&batch, failure(scope), after(time), 0.5);
                } else {
                    outbox.delivered(&batch, after(time));
                    accepted.push(numbers);
                }
            }
        }
    }
    accepted
}

#[test]
fn few_events_are_sent_one_by_one() {
    let sent = drain(&mut outbox(reviews(1..=5)), Duration::from_mins(1), |_| {
        None
    });
    assert_eq!(sent, [[1], [2], [3], [4], [5]]);
}

#[test]
fn flood_becomes_one_message() {
    let sent = drain(&mut outbox(reviews(1..=200)), DAY, |_| None);
    assert_eq!(sent, [(1..=200).collect::<Vec<_>>()]);
}

#[test]
fn steady_flood_gives_five_messages_a_minute() {
    let mut outbox = outbox(Vec::new());
    let mut messages = Vec::new();
    for second in 0..60 {
        outbox.add(page(reviews(second * 4 + 1..=second * 4 + 4)));
        while let Some(batch) = send(&mut outbox, after(Duration::from_secs(second))) {
            messages.push(numbers(&batch));
            outbox.delivered(&batch, after(Duration::from_secs(second)));
        }
    }
    assert!(messages.len() <= 10, "{messages:?}");
    let rest = drain(&mut outbox, DAY, |_| None);
    let all: Vec<_> = messages.into_iter().chain(rest).flatten().collect();
    assert_eq!(all, (1..=240).collect::<Vec<_>>());
}

#[test]
fn clearing_event_is_merged_with_what_it_clears() {
    let kinds = ["vendor.unreachable", "vendor.reachable"];
    let events = (1..=20).map(|n| event(n, kinds[usize::from(n % 2 == 0)], None));
    let sent = drain(&mut outbox(events.collect()), DAY, |_| None);
    assert_eq!(sent, [(1..=20).collect::<Vec<_>>()]);
}

#[test]
fn refused_event_stops_only_its_order() {
    let mut events = reviews(1..=3);
    events.push(event(4, "order.review_resolved", Some("A-1")));
    let mut outbox = outbox(events);
    let refuse = |numbers: &[u64]| numbers.contains(&1).then_some(FailureScope::Message);
    let sent = drain(&mut outbox, Duration::from_hours(1), refuse);
    assert_eq!(sent, [[2], [3]]);
    let progress = outbox.progress();
    assert_eq!(
        (progress.cursor, progress.place, progress.waiting),
        (format!("{START}-3"), 3, vec![format!("{START}-1")])
    );
    assert!(progress.failure.is_some());
}

#[test]
fn event_is_given_up_after_a_day() {
    let mut outbox = outbox(reviews(1..=2));
    let refuse = |numbers: &[u64]| numbers.contains(&1).then_some(FailureScope::Message);
    drain(&mut outbox, DAY + Duration::from_hours(1), refuse);
    let progress = outbox.progress();
    assert_eq!((progress.delivered, progress.undelivered), (1, 1));
    assert_eq!((progress.place, progress.waiting.len()), (2, 0));
}

#[test]
fn receiver_that_is_down_is_tried_for_a_day() {
    let mut outbox = outbox(reviews(1..=50));
    let mut tries = 0;
    drain(&mut outbox, Duration::from_hours(23), |_| {
        tries += 1;
        Some(FailureScope::Unclear)
    });
    assert_eq!(outbox.progress().undelivered, 0);
    assert!((100..1000).contains(&tries), "{tries}");
    drain(&mut outbox, DAY + Duration::from_hours(1), |_| {
        Some(FailureScope::Unclear)
    });
    assert_eq!(outbox.progress().undelivered, 50);
}

#[test]
fn event_that_breaks_the_receiver_stops_no_other() {
    let mut outbox = outbox(reviews(1..=4));
    let fail = |numbers: &[u64]| numbers.contains(&2).then_some(FailureScope::Unclear);
    let mut sent = drain(&mut outbox, Duration::from_mins(2), fail);
    sent.sort();
    assert_eq!(sent, [[1], [3], [4]]);
}

#[test]
fn refused_flood_falls_apart_until_one_event_is_left() {
    let mut outbox = outbox(reviews(1..=200));
    let refuse = |numbers: &[u64]| numbers.contains(&77).then_some(FailureScope::Message);
    let sent = drain(&mut outbox, Duration::from_hours(1), refuse);
    let mut all: Vec<_> = sent.into_iter().flatten().collect();
    all.sort_unstable();
    let wanted: Vec<u64> = (1..=200).filter(|n| *n != 77).collect();
    assert_eq!(all, wanted);
}

#[test]
fn receiver_chooses_its_delay_within_bounds() {
    for (wanted, least, most) in [(60, 60, 61), (1_000_000, 3600, 3601), (0, 0, 2)] {
        let mut outbox = outbox(reviews(1..=1));
        let batch = send(&mut outbox, after(Duration::ZERO)).unwrap();
        let scope = FailureScope::Receiver(Some(Duration::from_secs(wanted)));
        outbox.failed(&batch, failure(scope), after(Duration::ZERO), 0.5);
        let Next::Wait(wait) = outbox.next(after(Duration::ZERO)) else {
            panic!("the receiver wants no message");
        };
        assert!((least..=most).contains(&wait.as_secs()), "{wait:?}");
    }
}

#[test]
fn events_that_the_stream_has_lost_are_undelivered() {
    let mut outbox = outbox(reviews(1..=2));
    let mut later = page(reviews(10..=11));
    later.lost = 7;
    assert!(outbox.add(later));
    let progress = outbox.progress();
    assert_eq!((progress.undelivered, progress.place), (7, 9));
    assert_eq!(progress.waiting.len(), 2);
}

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
