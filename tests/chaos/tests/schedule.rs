//! Orders and actions are a function of the seed.

use std::{collections::HashSet, mem::discriminant, time::Duration};

use e2e::proxy::Link;

use crate::{
    schedule::{Action, Clocks, RedisFailures, StormProfile, TimedAction, schedule},
    workload::{Purpose, workload},
};

/// The storm of the short run.
const STORM: Duration = Duration::from_secs(25);

fn profile() -> StormProfile {
    StormProfile {
        storm: STORM,
        workers: 3,
        faults: 30,
        longest_stop: Duration::from_secs(2),
        redis: RedisFailures {
            tail_loss: true,
            clock_steps: true,
            promotions: true,
        },
    }
}

#[test]
fn seed_determines_orders_and_actions() {
    assert_eq!(schedule(3, &profile()), schedule(3, &profile()));
    assert_eq!(workload(3, 100, STORM), workload(3, 100, STORM));
    assert_ne!(schedule(3, &profile()), schedule(4, &profile()));
    assert_ne!(workload(3, 100, STORM), workload(4, 100, STORM));
}

#[test]
fn short_storm_has_every_action() {
    let kind = |action: Action| match action {
        Action::RedisLink(link) | Action::VendorLink(link) => {
            (discriminant(&action), Some(discriminant(&link)))
        }
        // A short storm has one of the two ends of a former master.
        Action::KillFormer => (discriminant(&Action::DemoteFormer), None),
        _ => (discriminant(&action), None),
    };
    let links = [Link::Pass, Link::Cut, Link::Stall, Link::Slow(STORM)];
    let mut wanted: HashSet<_> = [
        Action::Kill(0),
        Action::Term(0),
        Action::Stop(0),
        Action::Continue(0),
        Action::Start(0),
        Action::Starve(0),
        Action::Feed(0),
        Action::BlockLog(0),
        Action::ReadLog(0),
        Action::KillRedis,
        Action::KillRedisLosingTail,
        Action::StartRedis,
        Action::Promote,
        Action::DemoteFormer,
        Action::StepClock(Clocks::OfMaster, 0),
        Action::SetClocksRight,
        Action::Flare(0),
        Action::EndFlare,
        Action::Drain("CNY"),
        Action::TopUp("CNY"),
    ]
    .map(kind)
    .into();
    wanted.extend(links.map(|link| kind(Action::RedisLink(link))));
    wanted.extend(links.map(|link| kind(Action::VendorLink(link))));
    for seed in 0..200 {
        let kinds: HashSet<_> = schedule(seed, &profile())
            .iter()
            .map(|timed| kind(timed.action))
            .collect();
        assert_eq!(kinds, wanted, "seed {seed}");
    }
}

#[test]
fn faults_end_before_the_storm_ends() {
    let actions = schedule(5, &profile());
    assert!(actions.is_sorted_by_key(|timed| timed.at));
    assert!(actions.iter().all(|timed| timed.at <= STORM));
    let count = |wanted: fn(&Action) -> bool| {
        actions
            .iter()
            .filter(|TimedAction { action, .. }| wanted(action))
            .count()
    };
    let killed = count(|action| matches!(action, Action::KillRedis | Action::KillRedisLosingTail));
    assert_eq!(killed, count(|action| *action == Action::StartRedis));
    let ended = count(|action| matches!(action, Action::Kill(_) | Action::Term(_)));
    assert_eq!(ended, count(|action| matches!(action, Action::Start(_))));
    let stopped = count(|action| matches!(action, Action::Stop(_)));
    assert_eq!(
        stopped,
        count(|action| matches!(action, Action::Continue(_)))
    );
    assert_eq!(
        count(|action| *action == Action::Promote),
        count(|action| matches!(action, Action::KillFormer | Action::DemoteFormer))
    );
}

#[test]
fn minute_has_steps_and_promotions_of_each_kind() {
    let minute = StormProfile {
        storm: Duration::from_mins(1),
        ..profile()
    };
    for seed in 0..200 {
        let actions = schedule(seed, &minute);
        let has = |wanted: fn(i64) -> bool| {
            actions.iter().any(|timed| {
                matches!(timed.action, Action::StepClock(Clocks::OfMaster, offset) if wanted(offset))
            })
        };
        let day = 86_400_000;
        let kinds: [fn(i64) -> bool; 6] = [
            |offset| (1000..60_000).contains(&offset),
            |offset| (-60_000..-1000).contains(&offset),
            |offset| (300_000..3_600_000).contains(&offset),
            |offset| (-3_600_000..-300_000).contains(&offset),
            |offset| offset >= 86_400_000,
            |offset| offset < 0,
        ];
        for (n, kind) in kinds.into_iter().enumerate() {
            assert!(has(kind), "seed {seed}: no step of kind {n}");
        }
        let promotions = actions
            .iter()
            .filter(|timed| timed.action == Action::Promote);
        assert!(promotions.count() > 1, "seed {seed}");
        // Redis drops no key of a retention of days.
        let longest = |timed: &TimedAction| match timed.action {
            Action::StepClock(_, offset) => offset.abs(),
            _ => 0,
        };
        assert!(actions.iter().all(|timed| longest(timed) <= day));
    }
}

#[test]
fn storm_without_steps_and_promotions_has_none() {
    let quiet = StormProfile {
        redis: RedisFailures {
            tail_loss: true,
            clock_steps: false,
            promotions: false,
        },
        ..profile()
    };
    for seed in 0..50 {
        let has_any = schedule(seed, &quiet).iter().any(|timed| {
            matches!(
                timed.action,
                Action::StepClock(..) | Action::SetClocksRight | Action::Promote
            )
        });
        assert!(!has_any, "seed {seed}");
    }
}

#[test]
fn short_workload_has_every_purpose() {
    for seed in 0..50 {
        let workload = workload(seed, 600, STORM);
        for purpose in [
            Purpose::Buy,
            Purpose::Repeat,
            Purpose::Conflict,
            Purpose::Invalid,
            Purpose::NoId,
        ] {
            assert!(
                workload
                    .submissions
                    .iter()
                    .any(|submission| submission.purpose == purpose),
                "seed {seed}: {purpose:?}"
            );
        }
        let ids: HashSet<_> = workload.orders.iter().map(|order| &order.id).collect();
        assert_eq!(ids.len(), 600);
    }
}
