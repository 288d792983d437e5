//! Commands whose output cannot be written: the exit code still says what the command did.

use std::{
    fs::File,
    io::{BufRead, BufReader, pipe},
    process::{Output, Stdio},
};

use e2e::{ENQUEUE, Worker, World};

use crate::enqueue_command::redis_only;

/// What a command may write to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sink {
    Null,
    /// No file at all.
    Closed,
    Full,
    /// A pipe without a reader.
    Broken,
}

impl Sink {
    fn open(self) -> Stdio {
        match self {
            Self::Null | Self::Closed => Stdio::null(),
            Self::Full => File::options()
                .write(true)
                .open("/dev/full")
                .unwrap()
                .into(),
            Self::Broken => pipe().unwrap().1.into(),
        }
    }
}

/// Runs a command through a shell, which alone can close a standard stream.
fn exit_code(words: &[&str], settings: &[(String, String)], stdout: Sink, stderr: Sink) -> i32 {
    let close = |sink, closed| if sink == Sink::Closed { closed } else { "" };
    let script = format!(
        "exec \"$0\" \"$@\" {} {}",
        close(stdout, ">&-"),
        close(stderr, "2>&-")
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(Worker::binary())
        .args(words)
        .envs(settings.iter().cloned())
        .stdin(Stdio::null())
        .stdout(stdout.open())
        .stderr(stderr.open())
        .status()
        .unwrap();
    status
        .code()
        .unwrap_or_else(|| panic!("{words:?}: {status}"))
}

fn usual(words: &[&str], settings: &[(String, String)]) -> i32 {
    let Output { status, .. } = Worker::output(words, settings);
    status.code().unwrap()
}

/// Commands that have failed if their output is lost. Each prints something.
const PRINTERS: &[&[&str]] = &[
    &["config"],
    &["completions", "bash"],
    &["man"],
    &["doctor"],
    &["status"],
    &["status", "--json"],
    &["orders", "--state", "completed"],
    &["orders", "--state", "completed", "--json"],
    &["order", "A-1"],
    &["order", "A-1", "--json"],
    &["record", "A-1"],
    &["products"],
    &["products", "--json"],
    &["results"],
    &["results", "--json", "--show-pins"],
    &["account", "show"],
    &["reconcile", "--once", "--json"],
];

/// Commands whose exit code does not depend on their output. Each repetition does the same.
const OTHERS: &[&[&str]] = &[
    &["--help"],
    &["--version"],
    &["unknown"],
    &["order", "unknown"],
    &["record", "unknown"],
    &["pin", "unknown"],
    &["retry", "A-1"],
    &["republish", "A-1"],
    &["resolve", "A-1", "--as", "resubmit", "--why", "a test"],
    &["rejected", "discard", "1-1"],
    &["reconcile", "--once"],
    &ENQUEUE,
    &["enqueue", "--file", "/dev/null"],
    &["resume"],
];

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_hold_without_output() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let settings = world.settings(&[]);
    for words in PRINTERS.iter().chain(OTHERS) {
        let expected = usual(words, &settings);
        let all = [Sink::Closed, Sink::Broken]
            .map(|sink| [(sink, Sink::Null), (Sink::Null, sink), (sink, sink)]);
        for (stdout, stderr) in all.concat().into_iter().chain([(Sink::Null, Sink::Full)]) {
            let code = exit_code(words, &settings, stdout, stderr);
            assert_eq!(code, expected, "{words:?} {stdout:?} {stderr:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_file_system_fails_commands_that_only_print() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let settings = world.settings(&[]);
    for words in PRINTERS {
        let failed = if words[0] == "config" { 1 } else { 2 };
        let code = exit_code(words, &settings, Sink::Full, Sink::Full);
        assert_eq!(code, failed, "{words:?}");
    }
    for words in OTHERS {
        let code = exit_code(words, &settings, Sink::Full, Sink::Full);
        assert_eq!(code, usual(words, &settings), "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_holds_though_its_output_is_lost() {
    let world = World::start();
    let settings = redis_only(&world);
    for (sink, word) in [
        (Sink::Full, "one"),
        (Sink::Broken, "two"),
        (Sink::Closed, "three"),
    ] {
        assert_eq!(
            exit_code(&["pause", "--why", word], &settings, sink, sink),
            0
        );
        assert_eq!(
            exit_code(&["status"], &settings, Sink::Broken, Sink::Null),
            1
        );
        assert_eq!(exit_code(&["resume"], &settings, sink, sink), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_puts_in_every_order_after_head() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.csv");
    let rows: Vec<_> = (0..1000).map(|n| format!("A-{n},2,1")).collect();
    let rows = rows.join("\n");
    std::fs::write(&path, format!("order_id,product_id,quantity\n{rows}\n")).unwrap();
    let file = path.to_str().unwrap();
    for (sink, count) in [(Sink::Broken, 1000), (Sink::Full, 2000)] {
        let words = ["enqueue", "--file", file, "--json"];
        assert_eq!(exit_code(&words, &redis_only(&world), sink, sink), 0);
        let queued: u64 = world.redis.command(&["XLEN", "{hp}:jobs"]).await;
        assert_eq!(queued, count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_nobody_read_are_delivered_again() {
    let world = World::start();
    let _worker = world.worker();
    for n in 0..3 {
        world.enqueue(&format!("A-{n}"), 1).await;
        world.result(&format!("A-{n}")).await;
    }
    let settings = redis_only(&world);
    let words = ["results", "--group", "shop", "--consumer", "a", "--json"];
    assert_eq!(exit_code(&words, &settings, Sink::Full, Sink::Null), 2);
    assert_eq!(exit_code(&words, &settings, Sink::Broken, Sink::Null), 0);
    let output = Worker::output(&words, &settings);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn follower_ends_when_its_reader_has_gone() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let mut follower = Worker::command(&["results", "--follow", "--json"], &redis_only(&world))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(follower.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    // The next result finds that nobody reads.
    world.enqueue("A-2", 1).await;
    let code = tokio::task::spawn_blocking(move || follower.wait().unwrap()).await;
    assert_eq!(code.unwrap().code(), Some(0));
}
