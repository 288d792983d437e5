//! The file of `worker reconcile --report`.

use std::{fs, path::Path};

use e2e::World;
use hp_order::{Event, QueryVerdict};

use super::{enqueue_and_claim, reconcile};
use crate::claims::apply_event;

fn run(world: &World, file: &Path) -> Option<i32> {
    let words = ["--once", "--report", file.to_str().unwrap()];
    reconcile(world, &words).status.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn report_file_stays_if_the_run_fails() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    fs::write(&file, "yesterday").unwrap();
    enqueue_for_review(&world, "A-1").await;
    world.control().pause("a test", "Ada").await.unwrap();
    assert_eq!(run(&world, &file), Some(2));
    assert_eq!(fs::read_to_string(&file).unwrap(), "yesterday");
    let beside = fs::read_to_string(folder.path().join("run.json.incomplete")).unwrap();
    assert!(beside.contains("paused: a test"), "{beside}");

    let none = folder.path().join("new.json");
    assert_eq!(run(&world, &none), Some(2));
    assert!(
        fs::read_to_string(&none)
            .unwrap()
            .contains("paused: a test")
    );

    world.control().resume("Ada").await.unwrap();
    assert_eq!(run(&world, &file), Some(1));
    let report = fs::read_to_string(&file).unwrap();
    assert!(
        report.contains("\"looked_at\": 1") && !report.contains("yesterday"),
        "{report}"
    );
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["new.json", "run.json", "run.json.incomplete"]);
}

async fn enqueue_for_review(world: &World, id: &str) {
    let ledger = world.ledger();
    let order = enqueue_and_claim(world, &ledger, id).await;
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(&ledger, &order, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn report_table_has_no_formulas() {
    let world = World::start();
    let formula = "=HYPERLINK(\"http://x\")";
    enqueue_for_review(&world, formula).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.CSV");
    assert_eq!(run(&world, &file), Some(1));
    let report = fs::read_to_string(&file).unwrap();
    let row = "needs_a_person,\"'=HYPERLINK(\"\"http://x\"\")\",";
    assert!(report.contains(row), "{report}");
}
