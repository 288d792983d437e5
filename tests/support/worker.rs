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

use crate::{TIMEOUT, build_folder};

/// A `worker run` process, or another command that runs until a signal. Killed when dropped.
pub struct Worker {
    process: Child,
    log: watch::Receiver<String>,
    reader: JoinHandle<()>,
}

impl Worker {
    /// Starts `worker run` with these settings alone.
    pub fn start(settings: &[(String, String)]) -> Self {
        Self::start_command("run", settings)
    }

    /// Starts `worker reconcile` on its schedule with these settings alone.
    pub fn start_reconciler(settings: &[(String, String)]) -> Self {
        Self::start_command("reconcile", settings)
    }

    /// Starts another command that runs until a signal, such as `reconcile`.
    pub fn start_command(command: &str, settings: &[(String, String)]) -> Self {
        let mut process = tokio::process::Command::new(Self::binary())
            .arg(command)
            .envs(settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (sender, log) = watch::channel(String::new());
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let reader = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_modify(|log| log.extend([line.as_str(), "\n"]));
            }
        });
        Self {
            process,
            log,
            reader,
        }
    }

    /// Runs the binary with these arguments until it exits.
    pub fn output(arguments: &[&str], settings: &[(String, String)]) -> Output {
        Self::command(arguments, settings).output().unwrap()
    }

    /// The command for the binary with these arguments, to be started by the test.
    pub fn command(arguments: &[&str], settings: &[(String, String)]) -> Command {
        let mut command = Command::new(Self::binary());
        command
            .args(arguments)
            .envs(settings.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// The worker binary: the one that `HP_TEST_WORKER` names, else the one of this workspace, which is built if needed.
    pub fn binary() -> PathBuf {
        static BINARY: OnceLock<PathBuf> = OnceLock::new();
        BINARY
            .get_or_init(|| std::env::var_os("HP_TEST_WORKER").map_or_else(build, PathBuf::from))
            .clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id().expect("the worker has exited already")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.id()).unwrap()), signal).unwrap();
    }

    /// Waits until it has exited and its last log line is read.
    pub async fn wait_for_exit(&mut self) -> ExitStatus {
        let exit = async {
            let status = self.process.wait().await.unwrap();
            let _ = (&mut self.reader).await;
            status
        };
        let exited = tokio::time::timeout(TIMEOUT, exit).await;
        exited.expect("the worker does not exit")
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until its log contains this text.
    pub async fn wait_for_log(&self, text: &str) {
        let mut log = self.log.clone();
        let found = tokio::time::timeout(TIMEOUT, log.wait_for(|log| log.contains(text))).await;
        assert!(
            matches!(found, Ok(Ok(_))),
            "the worker never logged: {text}"
        );
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the worker\n{}", self.log());
        }
    }
}

/// Builds the worker and returns its path.
fn build() -> PathBuf {
    // Tests select the whole workspace with a test target, so that cargo reuses the dependencies that
    // `cargo test --workspace` has built. `-p worker` would compile most of them a second time with fewer features.
    // Benches measure the worker as it is deployed.
    let selection: &[&str] = if cfg!(debug_assertions) {
        &["--workspace", "--bin", "worker", "--test", "support"]
    } else {
        &["-p", "worker", "--release"]
    };
    let mut cargo = Command::new(env!("CARGO"));
    // Build scripts that read the variables that Cargo sets for this test would run again, and so would the next build of the tests.
    for (name, _) in std::env::vars_os() {
        let is_of_this_test = ["CARGO_MANIFEST_", "CARGO_PKG_"]
            .iter()
            .any(|start| name.to_string_lossy().starts_with(start));
        if is_of_this_test {
            cargo.env_remove(name);
        }
    }
    let status = cargo
        .args(["build", "--quiet"])
        .args(selection)
        .status()
        .unwrap();
    assert!(status.success(), "the worker does not build");
    build_folder().join("worker")
}
