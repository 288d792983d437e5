//! A command on a terminal of its own.

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::fd::AsRawFd,
    path::PathBuf,
    process::{Child, Command},
    thread,
};

use nix::{
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::sync::watch;

use crate::TIMEOUT;

/// A process whose standard input, output and error are a terminal. Killed when dropped.
pub struct Terminal {
    process: Child,
    keyboard: File,
    /// Its name among the devices.
    device: PathBuf,
    screen: watch::Receiver<String>,
}

impl Terminal {
    /// Starts the command on a terminal of this many columns.
    pub fn start(command: &mut Command, columns: u16) -> Self {
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let terminal = openpty(Some(&size), None).unwrap();
        let descriptor = format!("/proc/self/fd/{}", terminal.slave.as_raw_fd());
        let device = fs::read_link(descriptor).unwrap();
        let stream = || terminal.slave.try_clone().unwrap();
        let process = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .env("TERM", "xterm")
            .spawn()
            .unwrap();
        // The command keeps copies of the terminal. Without ours the screen ends with the process.
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        drop(terminal.slave);
        let keyboard = File::from(terminal.master.try_clone().unwrap());
        let screen = read(File::from(terminal.master));
        Self {
            process,
            keyboard,
            device,
            screen,
        }
    }

    /// Types a text.
    pub fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Gives the terminal another number of columns, and tells the process.
    pub fn resize(&self, columns: u16) {
        let mut command = Command::new("stty");
        command.arg("-F").arg(&self.device);
        command.args(["columns", &columns.to_string()]);
        assert!(command.status().unwrap().success());
        self.signal(Signal::SIGWINCH);
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Waits until the screen contains this text.
    pub async fn wait_for(&self, text: &str) {
        let mut screen = self.screen.clone();
        let found = tokio::time::timeout(TIMEOUT, screen.wait_for(|shown| shown.contains(text)));
        if !matches!(found.await, Ok(Ok(_))) {
            let shown = self.screen.borrow().clone();
            panic!("the terminal never shows {text:?}: {shown}");
        }
    }

    /// Waits for the end. Returns the exit code and everything that the terminal showed.
    pub async fn finish(mut self) -> (Option<i32>, String) {
        let mut screen = self.screen.clone();
        // The sender is dropped at the end of the terminal.
        let closed = async { while screen.changed().await.is_ok() {} };
        let ended = tokio::time::timeout(TIMEOUT, closed).await;
        assert!(
            ended.is_ok(),
            "the command does not end: {}",
            self.screen.borrow().as_str()
        );
        let code = self.process.wait().unwrap().code();
        let shown = self.screen.borrow().clone();
        (code, shown)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(mut master: File) -> watch::Receiver<String> {
    let (sender, screen) = watch::channel(String::new());
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        // Linux ends the reading of a terminal that nobody has open with an error.
        while let Ok(n @ 1..) = master.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..n]).into_owned();
            sender.send_modify(|shown| shown.push_str(&text));
        }
    });
    screen
}
