//! Snapshots of the texts that an operator reads: help, tables and errors.
//!
//! A text that differs from its snapshot fails the test. `INSTA_UPDATE=always cargo test --workspace --test e2e snapshots`
//! accepts the new texts.

use e2e::{Redis, Worker, World, commands};
use hp_order::Event;
use hp_sandbox::Options;
use insta::Settings;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, end_as_refused},
    reconcile::lost,
};

/// Parts that differ between runs and machines, and their replacements.
const VARIABLE_PARTS: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:\d{2,}", "127.0.0.1:[port]"),
    (r"\(os error \d+\)", "(os error [number])"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]"),
    (r"\b1\d{12}-\d+\b", "[entry-id]"),
    (r"\b(redis|valkey) \d+\.\d+\.\d+", "redis [version]"),
    (r"(?m) +$", ""),
];

/// Further variable parts of tables.
const TABLE_PARTS: [(&str, &str); 2] = [
    (
        r"\b\d+(\.\d+)? ?(ns|us|µs|ms|s|m|h)( \d+ ?(ns|us|µs|ms|s))*\b",
        "[duration]",
    ),
    // The width of a column depends on the texts above.
    (r"(\S) {2,}", "$1  "),
];

/// Compares a text with the snapshot of this name.
fn assert_text(name: &str, text: &str, filters: &[(&str, &str)]) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_filters(filters.to_vec());
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Compares the exit code and the output of a command with the snapshot of this name.
fn assert_output(
    name: &str,
    words: &[&str],
    settings: &[(String, String)],
    filters: &[(&str, &str)],
) {
    let output = Worker::output(words, settings);
    let text = format!(
        "$ worker {}\nexit code {}\n--- stdout\n{}--- stderr\n{}",
        words.join(" "),
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_text(name, &text, &[&VARIABLE_PARTS, filters].concat());
}

/// A world on a single server, whatever `HP_TEST_REDIS` says: the texts name the topology.
fn world() -> World {
    World::with_redis(Redis::single(), Options::local())
}

/// A queued order, an order in doubt and a failed order.
async fn enqueue_three_orders(world: &World) {
    let ledger = world.ledger();
    for (id, event) in [
        ("queued", Event::BalanceHeld(LONG_LEASE)),
        ("doubtful", lost()),
    ] {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    world.enqueue("failed", 1).await;
    end_as_refused(&ledger).await;
}

#[test]
fn help_of_every_command_matches_snapshot() {
    let commands = commands();
    for (command, text) in &commands {
        let name = [&["help".to_owned()], &command[..]].concat().join("_");
        assert_text(&name, text, &[]);
    }
    let covered = commands.len();
    assert!(covered > 20, "only {covered} commands were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_match_snapshots() {
    let world = world();
    enqueue_three_orders(&world).await;
    let settings = world.settings(&[]);
    for (name, words) in [
        ("table_orders", &["orders"][..]),
        ("table_orders_failed", &["orders", "--state", "failed"]),
        ("table_order", &["order", "doubtful"]),
        ("table_status", &["status"]),
        ("table_products", &["products"]),
        ("table_doctor", &["doctor"]),
    ] {
        assert_output(name, words, &settings, &TABLE_PARTS);
    }
    world.control().pause("stocktaking", "Ada").await.unwrap();
    assert_output("table_status_paused", &["status"], &settings, &TABLE_PARTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_match_snapshots() {
    let world = world();
    let usual = world.settings(&[]);
    let redis_down = world.settings(&[("HP_REDIS__URL", "redis://:hunter2@127.0.0.1:1")]);
    let vendor_down = world.settings(&[("HP_API__BASE_URL", "http://127.0.0.1:1")]);
    let wrong_secret = world.settings(&[("HP_API__APP_SECRET", "wrong")]);
    let bad_value = world.settings(&[("HP_WORKER__LEASE", "soon")]);
    let unknown_key = world.settings(&[("HP_WORKER__LEESE", "5s")]);
    for (name, words, settings) in [
        ("error_redis_unreachable", &["orders"][..], &redis_down[..]),
        ("error_vendor_unreachable", &["products"], &vendor_down),
        ("error_wrong_secret", &["products"], &wrong_secret),
        ("error_bad_value", &["config"], &bad_value),
        ("error_unknown_key", &["config"], &unknown_key),
        ("error_no_settings", &["config"], &[]),
        ("error_unknown_order", &["order", "nobody"], &usual),
        ("error_bad_order_id", &["order", "A 1"], &usual),
        (
            "error_unknown_state",
            &["orders", "--state", "lost"],
            &usual,
        ),
        ("error_unknown_command", &["ordres"], &usual),
        (
            "error_no_dead_letter",
            &["rejected", "discard", "1-1"],
            &usual,
        ),
    ] {
        assert_output(name, words, settings, &[]);
    }
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let words = ["resolve", "A-1", "--as", "completed", "--why", "ticket 42"];
    assert_output("error_paused", &words, &usual, &[]);
}
