//! What an operator sees on a terminal: colours, and lines that fit. Elsewhere the output is plain and whole.

use std::process::Command;

use e2e::{Entry, Redis, Terminal, Worker, World};
use hp_api::Mismatch;
use hp_order::{Event, QueryVerdict};
use hp_sandbox::Options;
use insta::Settings;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, end_as_refused},
    reconcile::lost,
};

/// What a command printed on a terminal.
struct Screen {
    code: i32,
    text: String,
}

async fn run_on_terminal(mut command: Command, columns: u16) -> Screen {
    let (code, text) = Terminal::start(&mut command, columns).finish().await;
    Screen {
        code: code.unwrap(),
        text: text.replace("\r\n", "\n"),
    }
}

const ESCAPE: char = '\u{1b}';
const HOUR: u64 = 3_600_000;

/// Runs a command on a terminal. `colour`: the terminal has colours, and nothing forbids them.
async fn show(world: &World, words: &[&str], columns: u16, colour: bool) -> Screen {
    let more: &[(&str, &str)] = if colour { &[] } else { &[("NO_COLOR", "1")] };
    let mut command = Worker::command(words, &world.settings(more));
    if colour {
        command.env_remove("NO_COLOR");
    }
    command.env_remove("CLICOLOR").env_remove("CLICOLOR_FORCE");
    run_on_terminal(command, columns).await
}

/// The text without the escape codes of colours.
fn plain(text: &str) -> String {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

/// A paused queue with an order in each of several states. The ages and the times are so far away that they look the same
/// for an hour.
pub(crate) async fn queue_with_orders() -> World {
    let world = World::with_redis(Redis::single(), Options::local());
    let ledger = world.ledger();
    for (id, event) in [
        ("1001", Event::BalanceHeld(LONG_LEASE)),
        ("1002", lost()),
        ("1003", lost()),
    ] {
        world.enqueue(id, 3).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    let mut batch = ledger.claim_named(1, LONG_LEASE, &["1003"]).await.unwrap();
    let mismatch = Event::Queried(QueryVerdict::Mismatch(Mismatch::ProductId {
        wanted: 2,
        got: 5,
    }));
    apply_event(&ledger, &batch.claims.remove(0), mismatch).await;
    world.enqueue("1004", 1).await;
    end_as_refused(&ledger).await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    set_times(&world).await;
    world
}

async fn set_times(world: &World) {
    let now = world.now().await;
    for (id, age) in [("1001", 25), ("1002", 50), ("1003", 75), ("1004", 100)] {
        let at = (now - age * HOUR - HOUR / 2).to_string();
        let key = format!("{{hp}}:order:{id}");
        let words = ["HSET", &key, "accepted_at", &at];
        world.redis.command::<u64>(&words).await;
        let words = ["ZADD", "{hp}:open", "XX", &at, id];
        world.redis.command::<u64>(&words).await;
    }
    let due = (now + 30 * HOUR + HOUR / 2).to_string();
    for id in ["1001", "1002"] {
        let words = ["ZADD", "{hp}:schedule", "XX", &due, id];
        world.redis.command::<u64>(&words).await;
    }
}

/// Parts that differ between runs and machines. The widths of times and ports are the same in every run.
pub(crate) const VARIABLE_PARTS: [(&str, &str); 7] = [
    (
        r"(?s)(redis|valkey) \d+\.\d+\.\d+.*?\sms\b",
        "redis [version] at [address], answers in [time]",
    ),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "[time]"),
    (r"\b1\d{12}\b", "[ms]"),
    (r"\b1\d{12}-\d+\b", "[entry-id]"),
    (r"differ by \d+\.\d s", "differ by [time]"),
    (r"\x1b", "␛"),
];

fn assert_screen(name: &str, words: &[&str], screen: &Screen) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_filters(VARIABLE_PARTS.to_vec());
    let text = format!(
        "$ worker {}\n{}exit code {}",
        words.join(" "),
        screen.text,
        screen.code
    );
    settings.bind(|| insta::assert_snapshot!(name, text));
}

const COMMANDS: [(&str, &[&str]); 4] = [
    ("status", &["status"]),
    ("doctor", &["doctor"]),
    ("orders", &["orders"]),
    ("order", &["order", "1003"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn terminal_screens_match_snapshots() {
    let world = queue_with_orders().await;
    for (name, words) in COMMANDS {
        for columns in [80, 200] {
            let plain_screen = show(&world, words, columns, false).await;
            assert!(!plain_screen.text.contains(ESCAPE), "{name}");
            assert_screen(&format!("terminal_{name}_{columns}"), words, &plain_screen);
            let coloured = show(&world, words, columns, true).await;
            assert_screen(
                &format!("terminal_{name}_{columns}_colour"),
                words,
                &coloured,
            );
            let widest = plain_screen
                .text
                .lines()
                .map(|line| line.chars().count())
                .max();
            assert!(
                widest.unwrap() <= columns.into(),
                "{name}: {}",
                plain_screen.text
            );
        }
        let words = [words, &["--json"]].concat();
        let json = show(&world, &words, 80, true).await;
        assert!(!json.text.contains(ESCAPE), "{name}");
        assert_screen(&format!("terminal_{name}_json"), &words, &json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_change_nothing_but_the_colour() {
    let world = queue_with_orders().await;
    for (name, words) in COMMANDS.into_iter().filter(|(name, _)| *name != "doctor") {
        let (without, with) = (
            show(&world, words, 80, false).await,
            show(&world, words, 80, true).await,
        );
        assert!(with.text.contains(ESCAPE), "{name}");
        assert_eq!(plain(&with.text), without.text, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_to_a_pipe_is_plain_and_whole() {
    let world = queue_with_orders().await;
    let long = "why ".repeat(40);
    let words = ["HSET", "{hp}:order:1003", "message", &long];
    world.redis.command::<u64>(&words).await;
    let settings = world.settings(&[("TERM", "xterm"), ("COLUMNS", "80")]);
    let output = Worker::output(&["orders"], &settings);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(long.trim_end()), "{text}");
    assert_eq!(text.lines().count(), 1 + 3, "{text}");
    assert!(!text.contains(ESCAPE), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_wide_characters_fit_the_terminal() {
    let world = queue_with_orders().await;
    let words = ["HSET", "{hp}:order:1003", "message", &"余额不足".repeat(20)];
    world.redis.command::<u64>(&words).await;
    for columns in [60, 80, 120] {
        let screen = show(&world, &["orders"], columns, false).await;
        let is_wide = |c: &char| !c.is_ascii();
        for line in screen.text.lines() {
            let width = line.chars().count() + line.chars().filter(is_wide).count();
            assert!(width <= columns.into(), "{columns}: {line}");
        }
    }
    let record: Entry = world.record("1003").await;
    assert_eq!(record["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_wrapped_at_words() {
    for words in [
        &["help", "run"][..],
        &["help", "doctor"],
        &["help", "reasons"],
        &["--help"],
    ] {
        for columns in [80, 100] {
            let mut command = Worker::command(words, &[]);
            command.env("NO_COLOR", "1");
            let screen = run_on_terminal(command, columns).await;
            assert_eq!(screen.code, 0);
            let too_long = |line: &&str| line.trim_end().chars().count() > columns.into();
            let too_long: Vec<_> = screen.text.lines().filter(too_long).collect();
            assert!(too_long.is_empty(), "{words:?}: {too_long:#?}");
        }
    }
}
