//! The outbox against receivers that fail.

use std::time::Duration;

use hp_order::Millis;
use hp_queue::{EventPage, NotifierProgress, NumberedEvent, QueueEvent, Takeover};
use serde_json::{Map, Value};

use super::{
    delivery::{Batch, Failed, Failure, FailureScope, Next, Now},
    outbox::Outbox,
};

const START: u64 = 1_000_000;
const DAY: Duration = Duration::from_hours(24);

pub(super) fn event(n: u64, kind: &str, order: Option<&str>) -> NumberedEvent {
    let event = QueueEvent {
        entry: format!("{START}-{n}"),
        event: kind.into(),
        at: Millis(START),
        order_id: order.map(Into::into),
        detail: Map::<String, Value>::new(),
    };
    NumberedEvent { place: n, event }
}

pub(super) fn reviews(numbers: std::ops::RangeInclusive<u64>) -> Vec<NumberedEvent> {
    let one = |n| event(n, "order.review", Some(&format!("A-{n}")));
    numbers.map(one).collect()
}

pub(super) fn outbox(events: Vec<NumberedEvent>) -> Outbox {
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

pub(super) fn page(events: Vec<NumberedEvent>) -> EventPage {
    let last = events.last();
    EventPage {
        now: Millis(START),
        last: last.map(|last| (last.event.entry.clone(), last.place)),
        events,
        lost: 0,
    }
}

pub(super) fn after(time: Duration) -> Now {
    Now {
        redis: Millis(START).plus(time),
        steady: time,
    }
}

pub(super) fn failure(scope: FailureScope) -> Failure {
    Failure {
        reason: "because".into(),
        scope,
    }
}

/// The numbers of the events.
pub(super) fn numbers(batch: &Batch) -> Vec<u64> {
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
pub(super) fn drain(
    outbox: &mut Outbox,
    limit: Duration,
    answer: impl FnMut(&[u64]) -> Option<FailureScope>,
) -> Vec<Vec<u64>> {
    drain_from(outbox, Duration::ZERO, limit, answer)
}

fn drain_from(
    outbox: &mut Outbox,
    mut time: Duration,
    limit: Duration,
    mut answer: impl FnMut(&[u64]) -> Option<FailureScope>,
) -> Vec<Vec<u64>> {
    let mut accepted = Vec::new();
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

/// A receiver that fails with each message about one of these events.
fn breaks(poisons: &[u64]) -> impl FnMut(&[u64]) -> Option<FailureScope> {
    |numbers| {
        let is_broken = numbers.iter().any(|n| poisons.contains(n));
        is_broken.then_some(FailureScope::Unclear)
    }
}

#[test]
fn many_breaking_events_stop_no_other() {
    for (poisons, events) in [(1, 2), (2, 4), (3, 4), (3, 200), (10, 11), (10, 200)] {
        // Those that break the receiver come first, or last.
        for poisons in [1..=poisons, events - poisons + 1..=events] {
            let poisons: Vec<_> = poisons.collect();
            let mut outbox = outbox(reviews(1..=events));
            let sent = drain(&mut outbox, Duration::from_hours(2), breaks(&poisons));
            let mut all: Vec<_> = sent.into_iter().flatten().collect();
            all.sort_unstable();
            let wanted: Vec<_> = (1..=events).filter(|n| !poisons.contains(n)).collect();
            assert_eq!(all, wanted, "{poisons:?} of {events}");
            assert_eq!(outbox.progress().undelivered, 0);
        }
    }
}

#[test]
fn event_is_given_up_a_day_after_its_first_try() {
    let down = |_: &[u64]| Some(FailureScope::Receiver(None));
    let mut outbox = outbox(vec![
        event(1, "order.review", Some("A-1")),
        event(2, "order.review_resolved", Some("A-1")),
    ]);
    // They have happened two days ago.
    let mut time = DAY * 2;
    let first = send(&mut outbox, after(time)).unwrap();
    let failed = outbox.failed(&first, failure(FailureScope::Message), after(time), 0.5);
    assert_eq!(failed.given_up, 0);
    time += DAY + Duration::from_mins(6);
    let last = send(&mut outbox, after(time)).unwrap();
    assert_eq!(numbers(&last), [1]);
    let failed = outbox.failed(&last, failure(FailureScope::Message), after(time), 0.5);
    assert_eq!(failed.given_up, 1);
    // The one that has waited for it begins its own day.
    let hours = |n| time + Duration::from_hours(n);
    drain_from(&mut outbox, time, hours(23), down);
    assert_eq!(outbox.progress().undelivered, 1);
    drain_from(&mut outbox, hours(23), hours(25), down);
    assert_eq!(outbox.progress().undelivered, 2);
    assert_eq!(outbox.progress().failure, None, "nothing waits any more");
}

#[test]
fn takeover_begins_the_day_anew() {
    let mut known = takeover(NotifierProgress::default());
    known.waiting = reviews(1..=1);
    let mut outbox = Outbox::new(known);
    let now = after(DAY * 3);
    let batch = send(&mut outbox, now).unwrap();
    let failed = outbox.failed(&batch, failure(FailureScope::Message), now, 0.5);
    assert_eq!(failed.given_up, 0);
}

#[test]
fn failures_are_reported_when_they_begin_and_end() {
    let mut outbox = outbox(reviews(1..=2));
    let mut time = Duration::ZERO;
    let fail = |outbox: &mut Outbox, time| {
        let batch = send(outbox, after(time)).unwrap();
        outbox.failed(
            &batch,
            failure(FailureScope::Receiver(None)),
            after(time),
            0.5,
        )
    };
    for is_first in [true, false, false] {
        let given_up = 0;
        assert_eq!(fail(&mut outbox, time), Failed { is_first, given_up });
        time += Duration::from_mins(10);
    }
    for is_over in [true, false] {
        let batch = send(&mut outbox, after(time)).unwrap();
        assert_eq!(outbox.delivered(&batch, after(time)), is_over);
    }
    outbox.add(page(reviews(3..=3)));
    assert!(fail(&mut outbox, time).is_first);

    // The next process says it itself.
    let mut next = takeover(outbox.progress());
    next.waiting = reviews(3..=3);
    let mut outbox = Outbox::new(next);
    assert!(fail(&mut outbox, time).is_first);
    time += Duration::from_mins(10);
    let batch = send(&mut outbox, after(time)).unwrap();
    assert!(outbox.delivered(&batch, after(time)));
}

#[test]
fn entries_that_are_no_events_are_passed() {
    let no_event = |n: u64| EventPage {
        last: Some((format!("{START}-{n}"), n)),
        ..page(Vec::new())
    };
    let mut outbox = outbox(Vec::new());
    assert!(outbox.add(no_event(1)));
    assert_eq!(outbox.progress().place, 1);
    assert!(!outbox.add(page(Vec::new())), "nothing has changed");

    // While an event waits, the cursor waits for it.
    outbox.add(page(reviews(2..=2)));
    assert!(!outbox.add(no_event(3)));
    assert_eq!(outbox.progress().place, 1);
    let batch = send(&mut outbox, after(Duration::ZERO)).unwrap();
    outbox.delivered(&batch, after(Duration::ZERO));
    let progress = outbox.progress();
    assert_eq!(
        (&*progress.cursor, progress.place),
        (&*format!("{START}-3"), 3)
    );

    // An event that waits before the cursor holds up nothing.
    let mut known = takeover(progress);
    known.waiting = reviews(1..=1);
    let mut outbox = Outbox::new(known);
    assert!(outbox.add(no_event(4)));
    let progress = outbox.progress();
    assert_eq!((progress.place, progress.waiting.len()), (4, 1));
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
