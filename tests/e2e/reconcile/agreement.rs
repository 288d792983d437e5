//! The dry run announces exactly what a real run does.

use std::collections::BTreeMap;

use e2e::World;
use hp_api::{FetchCards, OrderId};

use super::report;

/// Every combination of what decides about an open order.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a condition of its own"
)]
struct Case {
    state: &'static str,
    /// Its last claim is from an earlier epoch.
    is_older: bool,
    /// Its last claimant never settled.
    has_vanished: bool,
    /// One more crash reaches the limit.
    is_fragile: bool,
    /// HitPoints has charged it.
    is_charged: bool,
    /// A request may still arrive.
    is_recent: bool,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        let states = ["queued", "waiting", "submitting", "uncertain", "review"];
        states.into_iter().flat_map(|state| {
            (0..32_u32).map(move |bits| Self {
                state,
                is_older: bits & 1 > 0,
                has_vanished: bits & 2 > 0,
                is_fragile: bits & 4 > 0,
                is_charged: bits & 8 > 0,
                is_recent: bits & 16 > 0,
            })
        })
    }

    fn id(&self) -> OrderId {
        let flags = [
            ("o", self.is_older),
            ("v", self.has_vanished),
            ("f", self.is_fragile),
            ("c", self.is_charged),
            ("r", self.is_recent),
        ];
        let flags = flags.iter().filter(|(_, is_set)| *is_set);
        let flags: String = flags.map(|(flag, _)| *flag).collect();
        format!("{}-{flags}", self.state).parse().unwrap()
    }

    /// A run leaves out orders that are certainly not charged.
    fn is_left_out(&self) -> bool {
        matches!(self.state, "queued" | "waiting") && !self.is_older
    }

    async fn store(&self, world: &World, epoch: &str, now: u64) {
        let id = self.id();
        let key = format!("{{hp}}:order:{id}");
        let submitted_at = if self.is_recent { now + 600_000 } else { 1 };
        let submitted_at = submitted_at.to_string();
        let mut fields = vec![
            ("state", self.state),
            ("product_id", "2"),
            ("quantity", "1"),
            ("claim", "2"),
            ("settled", if self.has_vanished { "1" } else { "2" }),
            ("attempts", if self.state == "queued" { "0" } else { "1" }),
            ("checks", "0"),
            ("crashes", if self.is_fragile { "4" } else { "0" }),
            ("accepted_at", "1000"),
            ("updated_at", "1000"),
            ("epoch", if self.is_older { "earlier" } else { epoch }),
        ];
        if self.state != "queued" {
            fields.push(("submitted_at", &submitted_at));
            fields.push(("first_submitted_at", "1"));
        }
        if matches!(self.state, "uncertain" | "review") {
            fields.push(("cause", "lost"));
        }
        let mut words = vec!["HSET", &key];
        words.extend(fields.iter().flat_map(|(name, value)| [*name, *value]));
        world.redis.command::<u64>(&words).await;
        let due = if self.state == "review" { "+inf" } else { "1" };
        for (index, score) in [("{hp}:open", "1000"), ("{hp}:schedule", due)] {
            let add = ["ZADD", index, score, id.as_str()];
            world.redis.command::<u64>(&add).await;
        }
        if self.is_charged {
            charge(world, id).await;
        }
    }
}

async fn charge(world: &World, order_id: OrderId) {
    let client = hp_api::Client::builder(&world.sandbox.base_url(), "demo")
        .secret("demo-secret".to_owned().into())
        .build()
        .unwrap();
    let order = FetchCards {
        order_id,
        product_id: "2".parse().unwrap(),
        quantity: "1".parse().unwrap(),
    };
    client.fetch(&order).await.unwrap();
}

/// Compares a dry run with a real run over a ledger that holds every case, in an epoch that began at `since`.
async fn compare(since: impl FnOnce(u64) -> u64) {
    let world = World::start();
    world.ledger().report_watermark().await.unwrap();
    let now = world.inspector().now().await.unwrap().0;
    let since = since(now).to_string();
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:epoch", "since", &since])
        .await;
    let epoch: String = world.redis.command(&["HGET", "{hp}:epoch", "id"]).await;
    for case in Case::all() {
        case.store(&world, &epoch, now).await;
    }

    let (dry_code, dry) = report(&world, &["--dry-run"]);
    let (code, real) = report(&world, &["--once"]);
    let announced: BTreeMap<_, _> = dry["preview"]
        .as_array()
        .unwrap()
        .iter()
        .map(|preview| {
            let text = |name: &str| preview[name].as_str().unwrap().to_owned();
            (text("order_id"), text("to"))
        })
        .collect();
    let mut found = BTreeMap::new();
    for case in Case::all() {
        let id = case.id().to_string();
        let record = world.record(&id).await;
        if case.is_left_out() {
            let kept = (record["state"].as_str(), record["claim"].as_str());
            assert_eq!(kept, (case.state, "2"), "{id}");
        } else {
            found.insert(id, record["state"].clone());
        }
    }
    assert_eq!(announced, found);
    let figures = |report: &serde_json::Value| {
        let mut report = report.clone();
        for name in ["by", "dry_run", "started_at", "finished_at", "preview"] {
            report.as_object_mut().unwrap().remove(name);
        }
        // Both list the first hundred, in the order in which the answers come.
        report["needs_a_person"] = report["needs_a_person"].as_array().unwrap().len().into();
        report
    };
    assert_eq!(figures(&dry), figures(&real));
    assert_eq!(dry_code, code);
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_agrees_with_run_on_every_order() {
    compare(|_| 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_agrees_with_run_in_a_young_epoch() {
    compare(|now| now + 600_000).await;
}
