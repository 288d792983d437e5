//! Worker processes that are started, stopped and killed by number.

use std::{fs::File, io::Write as _, path::PathBuf, process::Stdio};

use e2e::{TIMEOUT, Worker};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    sync::watch,
    task::JoinSet,
};

/// The most open files of a starved worker: fewer than it has open already.
const STARVED: u32 = 3;
const FED: u32 = 1024;

/// All workers of a run, and the folder for their logs. Killed when dropped.
pub(crate) struct Fleet {
    /// The settings of the workers in even and in odd slots.
    settings: [Vec<(String, String)>; 2],
    folder: PathBuf,
    started: usize,
    slots: Vec<Option<Child>>,
    /// Whether the log of a slot is read.
    logs: Vec<watch::Sender<bool>>,
    log_copies: JoinSet<()>,
    /// Workers that were asked to exit.
    stopping: Vec<Child>,
    exits: Vec<String>,
}

impl Fleet {
    pub(crate) fn start(
        count: usize,
        settings: [Vec<(String, String)>; 2],
        folder: PathBuf,
    ) -> Self {
        let mut fleet = Self {
            settings,
            folder,
            started: 0,
            slots: (0..count).map(|_| None).collect(),
            logs: (0..count).map(|_| watch::Sender::new(true)).collect(),
            log_copies: JoinSet::new(),
            stopping: Vec::new(),
            exits: Vec::new(),
        };
        fleet.start_missing();
        fleet
    }

    /// Starts a worker in each empty slot.
    pub(crate) fn start_missing(&mut self) {
        for slot in 0..self.slots.len() {
            self.reap(slot);
            if self.slots[slot].is_none() {
                self.slots[slot] = Some(self.spawn(slot));
            }
        }
    }

    fn spawn(&mut self, slot: usize) -> Child {
        self.started += 1;
        let log = self
            .folder
            .join(format!("worker-{slot}-{:04}.log", self.started));
        let mut worker = Command::new(Worker::binary())
            .arg("run")
            .envs(self.settings[slot % 2].iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = worker.stderr.take().unwrap();
        self.log_copies
            .spawn(copy_log(lines, log, self.logs[slot].subscribe()));
        worker
    }

    /// Records a worker that exited without a request, which is a failure.
    fn reap(&mut self, slot: usize) {
        let ended = self.slots[slot]
            .as_mut()
            .and_then(|worker| worker.try_wait().unwrap());
        if let Some(status) = ended {
            self.exits.push(format!("unexpected: {status}"));
            self.slots[slot] = None;
        }
    }

    pub(crate) fn replace(&mut self, slot: usize) {
        self.reap(slot);
        let worker = self.spawn(slot);
        self.stopping.extend(self.slots[slot].replace(worker));
    }

    pub(crate) fn signal(&mut self, slot: usize, signal: Signal) {
        self.reap(slot);
        if let Some(id) = self.slots[slot].as_ref().and_then(Child::id) {
            kill(Pid::from_raw(i32::try_from(id).unwrap()), signal).unwrap();
        }
    }

    /// Limits the open files of a worker, or ends the limit.
    pub(crate) async fn set_starved(&mut self, slot: usize, is_starved: bool) {
        self.reap(slot);
        let Some(id) = self.slots[slot].as_ref().and_then(Child::id) else {
            return;
        };
        let limit = if is_starved { STARVED } else { FED };
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(format!("--pid={id}"));
        prlimit.arg(format!("--nofile={limit}:"));
        // The worker may have exited meanwhile.
        let _ = prlimit.stderr(Stdio::null()).status().await.unwrap();
    }

    /// Reads the log of a slot, or lets its pipe fill.
    pub(crate) fn set_log_read(&self, slot: usize, is_read: bool) {
        self.logs[slot].send_replace(is_read);
    }

    pub(crate) async fn kill(&mut self, slot: usize) {
        self.reap(slot);
        if let Some(mut worker) = self.slots[slot].take() {
            worker.kill().await.unwrap();
        }
    }

    pub(crate) fn terminate(&mut self, slot: usize) {
        self.signal(slot, Signal::SIGTERM);
        self.stopping.extend(self.slots[slot].take());
    }

    /// Ends all suspensions and limits.
    pub(crate) async fn resume_all(&mut self) {
        for slot in 0..self.slots.len() {
            self.signal(slot, Signal::SIGCONT);
            self.set_starved(slot, false).await;
            self.set_log_read(slot, true);
        }
    }

    /// Terminates all workers. Returns the exits.
    pub(crate) async fn end(&mut self) -> Vec<String> {
        for slot in 0..self.slots.len() {
            self.terminate(slot);
        }
        for mut worker in self.stopping.drain(..) {
            let ended = tokio::time::timeout(TIMEOUT, worker.wait()).await;
            let how = ended.map_or_else(|_| "never".into(), |status| status.unwrap().to_string());
            self.exits.push(format!("requested: {how}"));
        }
        while self.log_copies.join_next().await.is_some() {}
        std::mem::take(&mut self.exits)
    }

    /// The number of processes that were started.
    pub(crate) fn started(&self) -> usize {
        self.started
    }
}

/// Copies a log to a file, while it is read.
async fn copy_log(
    mut log: impl AsyncRead + Unpin,
    file: PathBuf,
    mut is_read: watch::Receiver<bool>,
) {
    let mut file = File::create(file).unwrap();
    let mut chunk = vec![0; 64 * 1024];
    // Without a fleet nobody blocks a log.
    while is_read.wait_for(|is_read| *is_read).await.is_ok() {
        match log.read(&mut chunk).await {
            Ok(length) if length > 0 => file.write_all(&chunk[..length]).unwrap(),
            _ => break,
        }
    }
}
