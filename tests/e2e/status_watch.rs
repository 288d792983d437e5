//! `worker status --watch`: one screen that is drawn again and again.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use std::process::Stdio;

use e2e::{Terminal, Worker, World};
use insta::Settings;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::terminal::{VARIABLE_PARTS, queue_with_orders};

const HOME: &str = "\u{1b}[H";
const CLEAR_BELOW: &str = "\u{1b}[J";

fn start(world: &World, columns: u16) -> Terminal {
    let settings = world.settings(&[("NO_COLOR", "1")]);
    let mut command = Worker::command(&["status", "--watch"], &settings);
    Terminal::start(&mut command, columns)
}

/// Ends the command as Ctrl-C does. Returns its exit code and everything that was sent to the terminal.
async fn interrupt(terminal: Terminal) -> (i32, String) {
    terminal.signal(Signal::SIGINT);
    let (code, text) = terminal.finish().await;
    (code.unwrap(), text)
}

/// The complete screens that were drawn, as text.
fn screens(text: &str) -> Vec<String> {
    let drawn = text.split(HOME).skip(1);
    let drawn = drawn.filter_map(|drawn| Some(drawn.split_once(CLEAR_BELOW)?.0));
    drawn
        .map(|drawn| drawn.replace("\u{1b}[K", "").replace("\r\n", "\n"))
        .collect()
}

fn widest(screen: &str) -> usize {
    let widths = screen.lines().map(|line| line.chars().count());
    widths.max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_status_matches_snapshot() {
    let world = queue_with_orders().await;
    let terminal = start(&world, 80);
    terminal.wait_for(CLEAR_BELOW).await;
    let (code, text) = interrupt(terminal).await;
    assert_eq!(code, 0);
    let first = screens(&text).remove(0);
    assert!(widest(&first) <= 80, "{first}");
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_filters(VARIABLE_PARTS.to_vec());
    settings.bind(|| insta::assert_snapshot!("watched_status", first));
    let enter = "\u{1b}[?1049h\u{1b}[?25l";
    let leave = "\u{1b}[?25h\u{1b}[?1049l";
    assert!(text.starts_with(enter) && text.ends_with(leave), "{text:?}");
    assert_eq!(text.matches("\u{1b}[2J").count(), 0, "it would flicker");
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_status_follows_the_queue_and_the_terminal() {
    let world = queue_with_orders().await;
    let terminal = start(&world, 80);
    terminal.wait_for("0.0 admitted, 0.0 ended").await;
    terminal.wait_for("stocktaking (by Ada)").await;
    world.control().resume("Ada").await.unwrap();
    terminal.wait_for("paused    no").await;
    terminal.resize(50);
    world.control().pause("relocation", "Bob").await.unwrap();
    terminal.wait_for("relocation (by Bob)").await;
    let (_, text) = interrupt(terminal).await;
    let last = screens(&text).pop().unwrap();
    assert!(last.contains("relocation") && widest(&last) <= 50, "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_status_outlives_redis() {
    let mut world = World::start();
    let terminal = start(&world, 80);
    terminal.wait_for("admitted").await;
    world.redis.crash();
    terminal.wait_for("! cannot read the queue: ").await;
    terminal.wait_for("What follows is as it was before").await;
    world.redis.restart();
    world.control().pause("stocktaking", "Ada").await.unwrap();
    terminal.wait_for("stocktaking (by Ada)").await;
    let (code, text) = interrupt(terminal).await;
    assert_eq!(code, 0);
    let last = screens(&text).pop().unwrap();
    assert!(!last.contains("cannot read the queue"), "{last}");
}

/// `worker status --watch --json`, and its lines.
struct Watch {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(world: &World) -> Self {
        let mut process = Command::new(Worker::binary())
            .args(["status", "--watch", "--json"])
            .envs(world.settings(&[]))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Reads lines until one is as wanted.
    async fn wait_for(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let read = async {
            loop {
                let line = self.lines.next_line().await.unwrap().unwrap();
                let value = serde_json::from_str(&line).unwrap();
                if is_wanted(&value) {
                    return value;
                }
            }
        };
        let read = tokio::time::timeout(e2e::TIMEOUT, read).await;
        read.expect("no line is as wanted")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_json_has_rates_and_survives_redis() {
    let mut world = World::start();
    let mut watch = Watch::start(&world);
    let first = watch.wait_for(|_| true).await;
    assert_eq!(first["rates"], Value::Null);
    assert_eq!(first["open"], 0);
    let worker = world.worker();
    for n in 0..30 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let is_busy = |status: &Value| {
        let rate = |name: &str| status["rates"][name].as_f64() > Some(0.0);
        rate("admitted") && rate("ended")
    };
    let busy = watch.wait_for(is_busy).await;
    assert_eq!(busy["workers"].as_object().unwrap().len(), 1, "{busy}");
    drop(worker);
    world.redis.crash();
    let gone = watch.wait_for(|status| status["error"].is_string()).await;
    assert_eq!(gone.as_object().unwrap().len(), 1, "{gone}");
    world.redis.restart();
    watch.wait_for(|status| status["open"].is_u64()).await;
    let id = nix::unistd::Pid::from_raw(i32::try_from(watch.process.id().unwrap()).unwrap());
    nix::sys::signal::kill(id, Signal::SIGTERM).unwrap();
    assert!(watch.process.wait().await.unwrap().success());
}

#[tokio::test]
async fn watch_without_a_terminal_says_what_to_use() {
    let world = World::start();
    let output = Worker::output(&["status", "--watch"], &world.settings(&[]));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("`worker status --watch --json`"), "{text}");
}
