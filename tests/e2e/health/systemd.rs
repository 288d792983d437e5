//! What systemd learns through the socket of `NOTIFY_SOCKET`.

use std::path::Path;

use e2e::{
    Redis, TIMEOUT, Worker, World,
    proxy::{Link, Proxy},
};
use hp_sandbox::Options;
use nix::sys::signal::Signal;
use tempfile::{TempDir, tempdir};
use tokio::net::UnixDatagram;

/// The part of systemd that listens.
struct Systemd {
    socket: UnixDatagram,
    folder: TempDir,
    lines: Vec<String>,
}

impl Systemd {
    fn start() -> Self {
        let folder = tempdir().unwrap();
        Self {
            socket: UnixDatagram::bind(folder.path().join("notify")).unwrap(),
            folder,
            lines: Vec::new(),
        }
    }

    fn path(&self) -> String {
        let path: &Path = self.folder.path();
        path.join("notify").to_str().unwrap().to_owned()
    }

    /// Reads messages until one has a line that starts like this. Returns the lines before it.
    async fn wait_for(&mut self, start: &str) -> Vec<String> {
        let mut before = Vec::new();
        let read = async {
            loop {
                while !self.lines.is_empty() {
                    let line = self.lines.remove(0);
                    if line.starts_with(start) {
                        return;
                    }
                    before.push(line);
                }
                let mut bytes = [0; 4096];
                let length = self.socket.recv(&mut bytes).await.unwrap();
                let text = std::str::from_utf8(&bytes[..length]).unwrap();
                self.lines.extend(text.lines().map(str::to_owned));
            }
        };
        let read = tokio::time::timeout(TIMEOUT, read).await;
        assert!(read.is_ok(), "systemd never gets {start}, but {before:?}");
        before
    }

    /// Everything that has arrived.
    fn rest(&mut self) -> Vec<String> {
        let mut bytes = [0; 4096];
        while let Ok(length) = self.socket.try_recv(&mut bytes) {
            let text = std::str::from_utf8(&bytes[..length]).unwrap();
            self.lines.extend(text.lines().map(str::to_owned));
        }
        std::mem::take(&mut self.lines)
    }
}

fn has(lines: &[String], start: &str) -> bool {
    lines.iter().any(|line| line.starts_with(start))
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_follows_a_worker_from_start_to_end() {
    let world = World::with_redis(Redis::single(), Options::local());
    let proxy = Proxy::start(world.redis.server().address().parse().unwrap(), 1).await;
    proxy.set(Link::Cut);
    let mut systemd = Systemd::start();
    let url = format!("redis://{}", proxy.addr());
    let mut worker = world.worker_with(&[
        ("HP_REDIS__URL", &url),
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ("HP_WORKER__DRAIN", "40s"),
        ("NOTIFY_SOCKET", &systemd.path()),
        ("WATCHDOG_USEC", "300000"),
    ]);
    let before = systemd.wait_for("STATUS=not ready: ").await;
    assert_eq!(before, ["EXTEND_TIMEOUT_USEC=30000000", "WATCHDOG=1"]);
    proxy.set(Link::Pass);
    let before = systemd.wait_for("READY=1").await;
    assert!(!has(&before, "STOPPING"), "{before:?}");
    systemd.wait_for("STATUS=ready").await;

    proxy.set(Link::Cut);
    systemd.wait_for("STATUS=not ready: redis failed: ").await;
    for _ in 0..3 {
        let before = systemd.wait_for("WATCHDOG=1").await;
        assert!(!has(&before, "READY"), "{before:?}");
    }
    proxy.set(Link::Pass);
    systemd.wait_for("STATUS=ready").await;

    world.enqueue("A-1~timeout-after", 1).await;
    world.wait_for_charge("A-1~timeout-after").await;
    worker.signal(Signal::SIGTERM);
    let before = systemd.wait_for("STOPPING=1").await;
    assert!(before.iter().all(|line| line == "WATCHDOG=1"), "{before:?}");
    let before = systemd.wait_for("EXTEND_TIMEOUT_USEC=50000000").await;
    assert!(before.is_empty(), "{before:?}");
    for _ in 0..3 {
        systemd.wait_for("WATCHDOG=1").await;
    }
    worker.signal(Signal::SIGTERM);
    worker.wait_for_exit().await;
    let rest = systemd.rest();
    for once in ["READY", "STOPPING", "EXTEND"] {
        assert!(!has(&rest, once), "{rest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watchdog_of_another_process_is_left_alone() {
    let world = World::start();
    for watchdog in [
        &[][..],
        &[("WATCHDOG_USEC", "0")],
        &[("WATCHDOG_USEC", "300000"), ("WATCHDOG_PID", "1")],
    ] {
        let mut systemd = Systemd::start();
        let path = systemd.path();
        let mut worker = world.worker_with(&[watchdog, &[("NOTIFY_SOCKET", &path)]].concat());
        let mut lines = systemd.wait_for("READY=1").await;
        worker.signal(Signal::SIGTERM);
        lines.extend(systemd.wait_for("STOPPING=1").await);
        worker.wait_for_exit().await;
        lines.extend(systemd.rest());
        assert!(!has(&lines, "WATCHDOG"), "{watchdog:?}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_reconciliation_reports_to_systemd() {
    let world = World::start();
    let mut systemd = Systemd::start();
    let path = systemd.path();
    let more = [("NOTIFY_SOCKET", &*path), ("WATCHDOG_USEC", "300000")];
    let mut process = Worker::start_command("reconcile", &world.settings_as("worker", &more));
    systemd.wait_for("READY=1").await;
    systemd.wait_for("WATCHDOG=1").await;
    systemd.wait_for("WATCHDOG=1").await;
    process.signal(Signal::SIGTERM);
    systemd.wait_for("STOPPING=1").await;
    assert!(process.wait_for_exit().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_need_no_systemd() {
    let world = World::start();
    let systemd = Systemd::start();
    let nobody = systemd.folder.path().join("nobody");
    let settings = [("NOTIFY_SOCKET", nobody.to_str().unwrap())];
    let worker = world.worker_with(&settings);
    worker.wait_for_log("cannot report to systemd").await;
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");

    // Its buffer fills up, because nobody reads.
    let path = systemd.path();
    let more = [("NOTIFY_SOCKET", &*path), ("WATCHDOG_USEC", "30000")];
    let _worker = world.worker_with(&more);
    for n in 0..100 {
        let id = format!("B-{n}");
        world.enqueue(&id, 1).await;
        assert_eq!(world.result(&id).await["status"], "completed");
    }
}
