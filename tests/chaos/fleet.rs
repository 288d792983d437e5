//! Worker processes that are started, stopped and killed by number.

use std::{fs::File, path::PathBuf, process::Stdio};

use e2e::{TIMEOUT, Worker};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

/// All workers of a run, and the folder for their logs. Killed when dropped.
pub(crate) struct Fleet {
    /// The settings of the workers in even and in odd slots.
    settings: [Vec<(String, String)>; 2],
    folder: PathBuf,
    started: usize,
    slots: Vec<Option<Child>>,
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
        Command::new(Worker::binary())
            .arg("run")
            .envs(self.settings[slot % 2].iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
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

    pub(crate) fn resume_all(&mut self) {
        for slot in 0..self.slots.len() {
            self.signal(slot, Signal::SIGCONT);
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
        std::mem::take(&mut self.exits)
    }

    /// The number of processes that were started.
    pub(crate) fn started(&self) -> usize {
        self.started
    }
}
