//! The progress of `worker enqueue --file F --wait`, and its end by a signal.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
};

use e2e::{Redis, TIMEOUT, Terminal, Worker, World};
use hp_sandbox::Options;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::enqueue_command::redis_only;

/// A file with one order for each id.
fn order_file(folder: &tempfile::TempDir, ids: &[&str]) -> PathBuf {
    let rows = ids.iter().map(|id| format!("{id},2,1\n"));
    let path = folder.path().join("orders.csv");
    let text = format!("order_id,product_id,quantity\n{}", rows.collect::<String>());
    fs::write(&path, text).unwrap();
    path
}

fn enqueue(
    world: &World,
    folder: &tempfile::TempDir,
    ids: &[&str],
    more: &[&str],
) -> std::process::Command {
    let file = order_file(folder, ids);
    let words = [&["enqueue", "--file", file.to_str().unwrap()], more].concat();
    Worker::command(&words, &redis_only(world))
}

fn interrupt(process: &Child) {
    let id = i32::try_from(process.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
}

/// Waits until a process handles SIGINT itself.
async fn handles_interrupt(process: &Child) {
    let path = format!("/proc/{}/status", process.id());
    let handles = || {
        let status = fs::read_to_string(&path).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 2 != 0
    };
    let ready = async {
        while !handles() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, ready).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn terminal_shows_progress_of_results() {
    let world = World::start();
    let _worker = world.worker();
    let folder = tempfile::tempdir().unwrap();
    let ids = ["A-1", "A-2~code-400100", "A-3~low-balance"];
    let out = folder.path().join("results.ndjson");
    let more = ["--wait", "--out", out.to_str().unwrap()];
    let mut command = enqueue(&world, &folder, &ids, &more);
    let terminal = Terminal::start(&mut command, 80);
    terminal.wait_for("2 of 3 results, 1 not completed").await;
    world.sandbox.set_balance("CNY", 1_000_000.into()).unwrap();
    let (code, shown) = terminal.finish().await;
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains(" left"), "no time left: {shown}");
    // Each drawing of the line begins with its removal.
    for line in shown
        .split(['\r', '\n', '\u{1b}'])
        .filter(|line| line.contains(" results"))
    {
        let width = line.trim_start_matches("[2K").chars().count();
        assert!(width <= 80, "{width}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_without_terminal_is_a_line_now_and_then() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let mut process = enqueue(&world, &folder, &["A-1", "A-2"], &["--wait", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().contains(" of 2 results"));
    assert_eq!(line.unwrap().unwrap(), "worker: 0 of 2 results");
    let _worker = world.worker();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.lines().count(), 2, "only results: {stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_wait_says_what_is_saved() {
    let world = World::start();
    let _worker = world.worker();
    let folder = tempfile::tempdir().unwrap();
    let ids = ["A-1", "A-2", "A-3~low-balance"];
    let out = folder.path().join("results.ndjson");
    let out_name = out.to_str().unwrap();
    let more = ["--wait", "--out", out_name];
    let process = enqueue(&world, &folder, &ids, &more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let both_saved = async {
        while fs::read_to_string(&out).unwrap_or_default().lines().count() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, both_saved).await.unwrap();
    interrupt(&process);
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        &format!("interrupted: 2 of 3 results are saved in {out_name}"),
        "1 more stay in the queue",
        "run the same command: no order is bought twice",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The advice works: nothing is bought twice, and the wait ends with all results.
    world.sandbox.set_balance("CNY", 1_000_000.into()).unwrap();
    let status = enqueue(&world, &folder, &ids, &more)
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(0));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 5);
    for id in ids {
        assert_eq!(world.charge_count(id), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_enqueue_says_how_to_go_on() {
    for more in [&["--wait"][..], &[]] {
        let world = World::with_redis(Redis::single(), Options::local());
        // Redis holds back every answer, so the command cannot get far.
        let pause = ["CLIENT", "PAUSE", "600000", "ALL"];
        world.redis.command::<String>(&pause).await;
        let folder = tempfile::tempdir().unwrap();
        let process = enqueue(&world, &folder, &["A-1", "A-2"], more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        handles_interrupt(&process).await;
        interrupt(&process);
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            text.contains("interrupted. At least 0 of 2 orders are enqueued"),
            "{text}"
        );
        assert!(text.contains("Run the command again"), "{text}");
    }
}
