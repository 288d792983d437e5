use std::{
    path::PathBuf,
    process::{Command, ExitStatus, Output, Stdio},
    sync::OnceLock,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
    sync::watch,
    task::JoinHandle,
};

use crate::PATIENCE;

/// A `worker` process. Killed when dropped.
pub struct Worker {
    process: Child,
    log: watch::Receiver<String>,
    reading: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn start(settings: &[(String, String)]) -> Self {
        let mut process = tokio::process::Command::new(Self::binary())
            .arg("run")
            .envs(settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (written, log) = watch::channel(String::new());
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                written.send_modify(|log| log.extend([line.as_str(), "\n"]));
            }
        });
        Self {
            process,
            log,
            reading,
        }
    }

    /// Runs the binary to its end and returns what it said.
    pub fn command(arguments: &[&str], settings: &[(String, String)]) -> Output {
        Self::process(arguments, settings).output().unwrap()
    }

    /// The binary, to be started in a test's own way.
    pub fn process(arguments: &[&str], settings: &[(String, String)]) -> Command {
        let mut command = Command::new(Self::binary());
        command
            .args(arguments)
            .envs(settings.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// The worker that belongs to these tests, built if need be.
    pub fn binary() -> PathBuf {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        BUILT
            .get_or_init(|| {
                let profile = if cfg!(debug_assertions) {
                    "dev"
                } else {
                    "release"
                };
                let built = Command::new(env!("CARGO"))
                    .args(["build", "--quiet", "-p", "worker", "--profile", profile])
                    .status()
                    .unwrap();
                assert!(built.success(), "the worker does not build");
                let this = std::env::current_exe().unwrap();
                let folder = this.parent().unwrap();
                // Tests and benches lie in `deps`, programs beside it.
                let folder = folder
                    .ends_with("deps")
                    .then(|| folder.parent())
                    .flatten()
                    .unwrap_or(folder);
                folder.join("worker")
            })
            .clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id().expect("the worker has ended already")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.id()).unwrap()), signal).unwrap();
    }

    /// Waits for its end, and for the last line that it wrote.
    pub async fn ended(&mut self) -> ExitStatus {
        let ending = async {
            let status = self.process.wait().await.unwrap();
            let _ = (&mut self.reading).await;
            status
        };
        let ended = tokio::time::timeout(PATIENCE, ending).await;
        ended.expect("the worker does not end")
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until it has written a line with this in it.
    pub async fn said(&self, words: &str) {
        let mut log = self.log.clone();
        let said = tokio::time::timeout(PATIENCE, log.wait_for(|log| log.contains(words))).await;
        assert!(matches!(said, Ok(Ok(_))), "the worker never said: {words}");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the worker said\n{}", self.log());
        }
    }
}
