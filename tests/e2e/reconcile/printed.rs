//! What a single run prints.

use e2e::{Terminal, Worker, World};
use hp_order::{Event, QueryVerdict};

use super::{AT_ONCE, charge, enqueue_and_claim, lost, reconcile};
use crate::claims::apply_event;

/// Sends an order to the doubt that a run settles, and another one to review.
async fn charged_and_misfit(world: &World) {
    let ledger = world.ledger();
    let order = enqueue_and_claim(world, &ledger, "A-1").await;
    charge(world, &order).await;
    apply_event(&ledger, &order, lost()).await;
    let order = enqueue_and_claim(world, &ledger, "A-2").await;
    let misfit = hp_api::Mismatch::Quantity { wanted: 1, got: 2 };
    let other = Event::Queried(QueryVerdict::Mismatch(misfit));
    apply_event(&ledger, &order, other).await;
}

/// The lines with a figure, each as label and number.
fn figures(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().rsplit_once("  "));
    lines
        .map(|(label, figure)| (label.trim().to_owned(), figure.trim().to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn single_run_prints_what_is_not_zero_once() {
    let world = World::start();
    charged_and_misfit(&world).await;
    let output = reconcile(&world, &["--once"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = [("checked", "2"), ("found charged", "1"), ("to review", "1")];
    let mut expected: Vec<_> = names.map(|(name, n)| (name.into(), n.into())).into();
    expected.push(("charged, CNY".to_owned(), "9.50".to_owned()));
    assert_eq!(figures(&text), expected, "{text}");
    assert!(text.contains("needs review: A-2"), "{text}");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(!log.contains("reconciliation run ended"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn single_run_logs_nothing_on_a_terminal() {
    let world = World::start();
    charged_and_misfit(&world).await;
    let mut settings = world.settings(&[AT_ONCE]);
    settings.retain(|(name, _)| name != "HP_LOG__FILTER");
    let mut command = Worker::command(&["reconcile", "--once"], &settings);
    let (code, shown) = Terminal::start(&mut command, 80).finish().await;
    assert_eq!(code, Some(1), "{shown}");
    assert_eq!(shown.matches("A-2").count(), 1, "{shown}");
    for noise in ["INFO", "WARN", " 0\r\n"] {
        assert!(!shown.contains(noise), "{noise}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_without_work_says_so() {
    let world = World::start();
    for (mode, said) in [
        (&["--once"][..], "no order is stuck or in review\nin "),
        (
            &["--dry-run"],
            "in review\ndry run, nothing was changed; in ",
        ),
        (
            &["--audit", "--since", "1h"],
            "audit: compared           0\n",
        ),
    ] {
        let output = reconcile(&world, mode);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(said), "{text}");
    }
}
