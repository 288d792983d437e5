//! A log that cannot be written stops no order and no shutdown.

use std::{
    fs::File,
    io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe},
    net::TcpListener,
    process::{Child, ExitStatus, Stdio},
};

use e2e::{TIMEOUT, Terminal, Worker, World};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The capacity of a pipe on Linux.
const PIPE: usize = 64 * 1024;

/// A pipe that takes no byte more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
    writer.write_all(&line.repeat(PIPE / line.len())).unwrap();
    (reader, writer)
}

/// A worker whose standard error is this. Killed when dropped.
struct Mute(Child);

impl Mute {
    fn start(world: &World, stderr: impl Into<Stdio>, settings: &[(&str, &str)]) -> Self {
        let mut command = Worker::command(&["run"], &world.settings(settings));
        Self(command.stderr(stderr).spawn().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), signal).unwrap();
    }

    async fn exit(mut self) -> ExitStatus {
        let exited = tokio::task::spawn_blocking(move || self.0.wait().unwrap());
        let exited = tokio::time::timeout(TIMEOUT, exited).await;
        exited.expect("the worker does not exit").unwrap()
    }
}

async fn buy_and_stop(world: &World, worker: Mute) {
    for n in 0..5 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for n in 0..5 {
        let result = world.result(&format!("A-{n}")).await;
        assert_eq!(result["status"], "completed");
    }
    worker.signal(Signal::SIGTERM);
    assert!(worker.exit().await.success());
}

/// An address that no process uses.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn metric(address: &str, name: &str) -> u64 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().unwrap()
}

#[tokio::test]
async fn log_that_nobody_reads_stops_neither_orders_nor_sigterm() {
    let world = World::start();
    let (_reader, writer) = full_pipe();
    buy_and_stop(&world, Mute::start(&world, writer, &[])).await;
}

#[tokio::test]
async fn terminal_that_is_stopped_stops_neither_orders_nor_sigterm() {
    const STOP: &str = "\x13";
    let world = World::start();
    let settings = world.settings(&[("HP_WORKER__CONCURRENCY", "200")]);
    let mut terminal = Terminal::start(&mut Worker::command(&["run"], &settings), 80);
    terminal.wait_for("product list fetched").await;
    terminal.type_text(STOP);
    let ids: Vec<_> = (0..100).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    world.results_of_all(&ids).await;
    terminal.signal(Signal::SIGTERM);
    let (code, shown) = terminal.finish().await;
    assert_eq!(code, Some(0), "{shown}");
}

#[tokio::test]
async fn log_of_closed_reader_stops_no_order() {
    let world = World::start();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    buy_and_stop(&world, Mute::start(&world, writer, &[])).await;
}

#[tokio::test]
async fn log_on_full_file_system_stops_no_order_and_is_counted() {
    let world = World::start();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let address = free_address();
    let worker = Mute::start(&world, full, &[("HP_ADMIN__LISTEN", &address)]);
    world.enqueue("A-0", 1).await;
    assert_eq!(world.result("A-0").await["status"], "completed");
    assert!(metric(&address, "hp_log_lines_lost_total").await > 0);
    buy_and_stop(&world, worker).await;
}

#[tokio::test]
async fn failed_start_exits_though_nobody_reads_the_log() {
    let world = World::start();
    let (_reader, writer) = full_pipe();
    let account = [("HP_API__APP_ID", "other")];
    let owner = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let refused = Mute::start(&world, writer.try_clone().unwrap(), &account);
    assert_eq!(refused.exit().await.code(), Some(2));
    let misspelt = Mute::start(&world, writer, &[("HP_WORKER__LEESE", "1s")]);
    assert_eq!(misspelt.exit().await.code(), Some(1));
    drop(owner);
}

#[tokio::test]
async fn log_reports_lost_lines_once_it_is_read_again() {
    let world = World::start();
    let (reader, writer) = full_pipe();
    let address = free_address();
    let settings = [("HP_ADMIN__LISTEN", &*address), ("HP_LOG__FILTER", "trace")];
    let worker = Mute::start(&world, writer, &settings);
    let (mut n, lost) = (0, "hp_log_lines_lost_total");
    // One mebibyte waits. The lines after it are lost.
    while n == 0 || metric(&address, lost).await == 0 {
        let ids: Vec<_> = (n..n + 200).map(|n| format!("A-{n}")).collect();
        for id in &ids {
            world.enqueue(id, 1).await;
        }
        world.results_of_all(&ids).await;
        n += 200;
    }
    let read = tokio::task::spawn_blocking(|| {
        BufReader::new(reader).lines().find(|line| {
            let line = line.as_ref().unwrap();
            line.contains("log lines were lost")
        })
    });
    let line = read.await.unwrap().expect("no report").unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "WARN");
    assert!(line["lines"].as_u64().unwrap() > 0, "{line}");
    drop(worker);
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}
