//! Reconciliation runs, started by command and by schedule.

mod agreement;
mod audit;
mod dry_run;
mod every_fault;
mod interruption;
mod load;
mod printed;
mod report;
mod report_file;
mod schedule;
mod stuck;

use std::process::Output;

use e2e::{Worker, World};
use hp_api::{Doubt, DoubtKind, FetchCards, Order, Outcome};
use hp_order::Event;
use hp_queue::{Claim, Ledger};
use serde_json::Value;

use crate::claims::{LONG_LEASE, claim_one};

/// The setting with which every open order counts as stuck.
const AT_ONCE: (&str, &str) = ("HP_RECONCILE__STUCK_AFTER", "1ms");

fn reconcile(world: &World, arguments: &[&str]) -> Output {
    let words = [&["reconcile"], arguments].concat();
    Worker::output(&words, &world.settings(&[AT_ONCE]))
}

/// Runs a reconciliation. Returns its exit code and its report.
pub(crate) fn report(world: &World, arguments: &[&str]) -> (i32, Value) {
    let output = reconcile(world, &[&["--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {text}{stderr}")
    });
    (output.status.code().unwrap(), report)
}

pub(crate) fn lost() -> Event {
    Event::Submitted(Outcome::Unknown(Doubt {
        kind: DoubtKind::Lost,
        code: None,
        message: "no answer".into(),
    }))
}

/// Enqueues an order and claims it.
async fn enqueue_and_claim(world: &World, ledger: &Ledger, id: &str) -> Claim {
    world.enqueue(id, 1).await;
    claim_one(ledger, LONG_LEASE).await
}

/// Charges an order at the sandbox without the worker. Returns the vendor's record.
pub(crate) async fn charge(world: &World, claimed: &Claim) -> Order {
    charge_order(world, &claimed.record.wanted).await
}

/// Charges an order at the sandbox, as another queue of the same account does.
pub(crate) async fn charge_order(world: &World, wanted: &FetchCards) -> Order {
    let client = hp_api::Client::builder(&world.sandbox.base_url(), "demo")
        .secret("demo-secret".to_owned().into())
        .build()
        .unwrap();
    client.fetch(wanted).await.unwrap()
}
