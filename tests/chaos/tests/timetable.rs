//! Orders and actions are a function of the seed.

use std::{collections::HashSet, mem::discriminant, time::Duration};

use e2e::proxy::Link;

use crate::{
    orders::{Purpose, demand},
    schedule::{Action, Deed, Weather, schedule},
};

/// As in the short run.
const STORM: Duration = Duration::from_secs(20);

fn weather() -> Weather {
    Weather {
        storm: STORM,
        workers: 3,
        faults: 30,
        longest_stop: Duration::from_secs(2),
        tail_loss: true,
    }
}

#[test]
fn the_same_seed_gives_the_same_orders_and_actions() {
    assert_eq!(schedule(3, &weather()), schedule(3, &weather()));
    assert_eq!(demand(3, 100, STORM), demand(3, 100, STORM));
    assert_ne!(schedule(3, &weather()), schedule(4, &weather()));
    assert_ne!(demand(3, 100, STORM), demand(4, 100, STORM));
}

#[test]
fn even_a_short_storm_has_every_kind_of_action() {
    let kind = |action: Action| match action {
        Action::RedisLink(link) | Action::VendorLink(link) => {
            (discriminant(&action), Some(discriminant(&link)))
        }
        _ => (discriminant(&action), None),
    };
    let links = [Link::Pass, Link::Cut, Link::Stall, Link::Slow(STORM)];
    let mut wanted: HashSet<_> = [
        Action::Kill(0),
        Action::Term(0),
        Action::Stop(0),
        Action::Continue(0),
        Action::Start(0),
        Action::KillRedis,
        Action::KillRedisLosingTail,
        Action::StartRedis,
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
        let kinds: HashSet<_> = schedule(seed, &weather())
            .iter()
            .map(|deed| kind(deed.action))
            .collect();
        assert_eq!(kinds, wanted, "seed {seed}");
    }
}

#[test]
fn every_trouble_is_over_before_the_storm_is() {
    let deeds = schedule(5, &weather());
    assert!(deeds.is_sorted_by_key(|deed| deed.at));
    assert!(deeds.iter().all(|deed| deed.at <= STORM));
    let count = |wanted: fn(&Action) -> bool| {
        deeds
            .iter()
            .filter(|Deed { action, .. }| wanted(action))
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
}

#[test]
fn a_short_demand_has_every_kind_of_entry() {
    for seed in 0..50 {
        let demand = demand(seed, 600, STORM);
        for purpose in [
            Purpose::Buy,
            Purpose::Again,
            Purpose::Conflict,
            Purpose::Invalid,
            Purpose::Nameless,
        ] {
            assert!(
                demand.puts.iter().any(|put| put.purpose == purpose),
                "seed {seed}: {purpose:?}"
            );
        }
        let ids: HashSet<_> = demand.orders.iter().map(|order| &order.id).collect();
        assert_eq!(ids.len(), 600);
    }
}
