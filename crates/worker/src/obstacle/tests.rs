use std::collections::{BTreeMap, HashMap};

use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};
use hp_order::{Event, QueryVerdict};
use hp_queue::{NotificationStatus, Status, WorkerFault};

use super::{Facts, ObstacleKind, VendorFailure, of_queue};

const NOW: u64 = 1_000_000;

fn facts() -> Facts {
    Facts {
        status: Status {
            now: NOW,
            new: 0,
            scheduled: 2,
            open: 2,
            oldest: None,
            rejected: 0,
            review: 0,
            open_orders: hp_queue::OpenOrders::default(),
            lost: 0,
            added: None,
            lost_at: None,
            paused: HashMap::new(),
            breaker: HashMap::new(),
            throttle: HashMap::new(),
            holds: HashMap::new(),
            held: HashMap::new(),
            worker_faults: BTreeMap::new(),
            workers: [("a:1".to_owned(), NOW + 1)].into(),
            last_run: HashMap::new(),
            notifications: NotificationStatus::default(),
        },
        states: BTreeMap::from([("uncertain", 2)]),
        server: None,
        refused_write: None,
    }
}

fn fields(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn kinds(facts: &Facts) -> Vec<ObstacleKind> {
    of_queue(facts).iter().map(|one| one.kind).collect()
}

#[test]
fn queue_without_obstacle_has_none() {
    assert_eq!(kinds(&facts()), []);
}

#[test]
fn missing_worker_is_an_obstacle_only_while_orders_wait() {
    let mut facts = facts();
    facts.status.workers.clear();
    assert_eq!(kinds(&facts), [ObstacleKind::NoWorker]);
    facts.states = BTreeMap::from([("review", 2)]);
    assert_eq!(kinds(&facts), [ObstacleKind::Review]);
    facts.status.new = 1;
    assert_eq!(
        kinds(&facts),
        [ObstacleKind::NoWorker, ObstacleKind::Review]
    );
    assert_eq!(
        of_queue(&facts)[0].text,
        "no worker is alive, and 1 order waits"
    );
}

#[test]
fn breaker_names_the_failure_that_was_noted() {
    for (failure, kind) in [
        ("vendor_unreachable", ObstacleKind::VendorUnreachable),
        ("control_denied", ObstacleKind::ControlDenied),
        ("paused", ObstacleKind::VendorSilent),
        ("", ObstacleKind::VendorSilent),
    ] {
        let mut facts = facts();
        let since = (NOW - 60_000).to_string();
        facts.status.breaker = fields(&[
            ("until", "1"),
            ("since", &since),
            ("failures", "10"),
            ("failure", failure),
            ("failure_detail", "why"),
        ]);
        let [obstacle] = &of_queue(&facts)[..] else {
            panic!("one obstacle");
        };
        assert_eq!(obstacle.kind, kind);
        assert!(
            obstacle.text.ends_with(", for 1m: why"),
            "{}",
            obstacle.text
        );
    }
}

#[test]
fn few_failed_calls_do_not_concern_all_orders() {
    let mut facts = facts();
    for (failures, is_obstacle) in [("2", false), ("3", true)] {
        facts.status.breaker = fields(&[("failures", failures)]);
        assert_eq!(!kinds(&facts).is_empty(), is_obstacle, "{failures}");
    }
    facts.status.breaker = fields(&[("failure", "vendor_silent")]);
    assert_eq!(kinds(&facts), [], "an answer has removed the count");
}

#[test]
fn hold_that_is_long_over_is_no_obstacle() {
    let mut facts = facts();
    for (until, is_obstacle) in [(NOW + 1, true), (NOW - 59_000, true), (NOW - 61_000, false)] {
        facts.status.holds = HashMap::from([("USD".into(), until)]);
        assert_eq!(!kinds(&facts).is_empty(), is_obstacle, "{until}");
    }
    facts.status.held = HashMap::from([("USD".into(), 3)]);
    assert_eq!(
        kinds(&facts),
        [ObstacleKind::BalanceLow],
        "orders wait for it"
    );
    facts.status.held.clear();
    facts.status.holds = HashMap::from([("USD".into(), NOW)]);
    facts.status.open = 0;
    facts.states.clear();
    assert_eq!(kinds(&facts), [], "no order waits for it");
}

#[test]
fn throttle_is_named_while_no_call_is_made() {
    let mut facts = facts();
    for (until, is_obstacle) in [(NOW + 10_000, true), (NOW, false)] {
        facts.status.throttle = HashMap::from([("until".into(), until), ("interval".into(), 1)]);
        assert_eq!(!kinds(&facts).is_empty(), is_obstacle, "{until}");
    }
}

#[test]
fn dead_letters_are_not_urgent() {
    let mut facts = facts();
    facts.status.rejected = 3;
    let [obstacle] = &of_queue(&facts)[..] else {
        panic!("one obstacle");
    };
    assert!(!obstacle.kind.is_urgent());
    assert!(obstacle.text.starts_with("3 inbox entries name"));
}

fn fault(reason: &str) -> WorkerFault {
    WorkerFault {
        reason: reason.into(),
        since: NOW - 60_000,
    }
}

#[test]
fn fault_of_one_worker_stops_no_order() {
    let mut facts = facts();
    facts.status.workers.insert("b:2".into(), NOW + 1);
    facts.status.worker_faults = [("b:2".into(), fault("no route"))].into();
    let [obstacle] = &of_queue(&facts)[..] else {
        panic!("one obstacle");
    };
    assert!(!obstacle.kind.is_urgent());
    assert_eq!(
        obstacle.text,
        "worker b:2 claims no orders, for 1m: no route"
    );
}

#[test]
fn vendor_is_unreachable_if_no_worker_reaches_it() {
    for (reason, kind) in [
        (
            "this process cannot reach HitPoints: no route",
            ObstacleKind::VendorUnreachable,
        ),
        ("the product list was never fetched", ObstacleKind::NoWorker),
    ] {
        let mut facts = facts();
        facts.status.worker_faults = [("a:1".into(), fault(reason))].into();
        assert_eq!(kinds(&facts), [kind, ObstacleKind::WorkerFault]);
        assert!(of_queue(&facts)[0].text.contains("2 orders wait"));
    }
}

#[test]
fn lost_entries_are_shown_with_their_number() {
    let mut facts = facts();
    facts.status.lost = 40;
    assert_eq!(kinds(&facts), [ObstacleKind::LostEntries]);
    assert!(of_queue(&facts)[0].text.contains("40 entries"));
}

fn doubt(kind: DoubtKind) -> Doubt {
    Doubt {
        kind,
        code: None,
        message: "why".into(),
    }
}

#[test]
fn failed_calls_are_told_apart() {
    let never_sent = Outcome::NotCharged(Refusal {
        kind: RefusalKind::NeverSent,
        code: None,
        message: "why".into(),
    });
    let query = |kind| Event::Queried(QueryVerdict::Unknown(doubt(kind)));
    for (event, kind) in [
        (Event::Submitted(never_sent), None),
        (
            Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Lost))),
            Some(ObstacleKind::VendorSilent),
        ),
        (
            query(DoubtKind::Garbled),
            Some(ObstacleKind::VendorUnusable),
        ),
        (query(DoubtKind::Code), Some(ObstacleKind::VendorError)),
        (
            query(DoubtKind::ControlDenied),
            Some(ObstacleKind::ControlDenied),
        ),
        (query(DoubtKind::Pending), None),
        (Event::Queried(QueryVerdict::NotFound), None),
        (Event::Released, None),
    ] {
        assert_eq!(VendorFailure::of(&event).map(|failure| failure.kind), kind);
    }
}
