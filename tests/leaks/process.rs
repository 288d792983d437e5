use std::{
    io::Read,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
};

use e2e::{TIMEOUT, Worker};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A command whose files all stay in one folder.
pub(crate) fn command(words: &[&str], settings: &[(String, String)], folder: &Path) -> Command {
    let mut command = Worker::command(words, settings);
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_STATE_HOME", folder)
        .env("USER", "ada")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command until it exits. One that keeps running gets SIGTERM as soon as it has written `enough` bytes.
pub(crate) fn run(mut command: Command, enough: usize) -> Output {
    let mut process = command.spawn().unwrap();
    let (sender, written) = mpsc::channel();
    let stdout = reader(process.stdout.take().unwrap(), sender.clone());
    let stderr = reader(process.stderr.take().unwrap(), sender);
    let (mut total, mut is_stopped) = (0, false);
    loop {
        match written.recv_timeout(TIMEOUT) {
            Ok(bytes) => total += bytes,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let _ = process.kill();
                panic!("{:?} does not end", command.get_args());
            }
        }
        if total >= enough && !is_stopped {
            is_stopped = true;
            terminate(&process);
        }
    }
    Output {
        status: process.wait().unwrap(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn terminate(process: &Child) {
    let id = i32::try_from(process.id()).unwrap();
    // Fails if it has just exited.
    let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
}

fn reader(
    mut pipe: impl Read + Send + 'static,
    written: Sender<usize>,
) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut all, mut bytes) = (Vec::new(), [0; 8192]);
        while let Ok(n @ 1..) = pipe.read(&mut bytes) {
            all.extend_from_slice(&bytes[..n]);
            let _ = written.send(n);
        }
        all
    })
}
