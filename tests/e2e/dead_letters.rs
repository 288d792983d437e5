//! `worker rejected discard --all`.

use std::{io::Write, process::Stdio};

use e2e::{Terminal, Worker, World};

const ALL: [&str; 3] = ["rejected", "discard", "--all"];

/// Waits until this many entries of the inbox are dead letters.
async fn dead_letters(world: &World, n: u64) {
    let _worker = world.worker();
    for _ in 0..n {
        world.enqueue_job(&[("order", "typo")]).await;
    }
    let all_there = || async { (count(world).await == n).then_some(()) };
    world.redis.wait_until("the dead letters", all_there).await;
}

async fn count(world: &World) -> u64 {
    world.redis.command(&["XLEN", "{hp}:rejected"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_all_refuses_without_a_terminal() {
    let world = World::start();
    dead_letters(&world, 3).await;
    let mut piped = Worker::command(&ALL, &world.settings(&[]))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A pipe is no operator, whatever it says.
    piped.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    let output = piped.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("3 dead letters") && text.contains("--yes"),
        "{text}"
    );
    assert_eq!(count(&world).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_all_with_yes_needs_no_terminal() {
    let world = World::start();
    dead_letters(&world, 300).await;
    for said in ["300 dead letters removed", "there are no dead letters"] {
        let words = [&ALL[..], &["--yes"]].concat();
        let output = Worker::output(&words, &world.settings(&[]));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), text.trim()), (Some(0), said));
        assert_eq!(count(&world).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_all_asks_on_a_terminal() {
    let world = World::start();
    dead_letters(&world, 2).await;
    for (answer, code, left) in [("y\n", 1, 2), ("\n", 1, 2), ("yes\n", 0, 0)] {
        let mut command = Worker::command(&ALL, &world.settings(&[]));
        let mut terminal = Terminal::start(&mut command, 80);
        terminal.wait_for("Type yes").await;
        terminal.type_text(answer);
        let (ended, shown) = terminal.finish().await;
        assert_eq!(ended, Some(code), "{shown}");
        assert!(shown.contains("all 2 dead letters"), "{shown}");
        assert_eq!(count(&world).await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_takes_entries_or_all() {
    let world = World::start();
    for words in [
        &["rejected", "discard"][..],
        &["rejected", "discard", "--all", "1-1"],
    ] {
        let output = Worker::output(words, &world.settings(&[]));
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}
