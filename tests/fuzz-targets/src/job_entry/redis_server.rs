use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A private `redis-server` that keeps nothing.
pub(super) struct RedisServer {
    /// Ends the server when its standard input is closed: a process that libFuzzer ends drops nothing.
    _shell: Child,
    _folder: TempDir,
    pub(super) port: u16,
}

const SCRIPT: &str = r#"redis-server "$@" & read -r _; kill $!"#;

impl RedisServer {
    /// Starts it and waits until it accepts connections.
    pub(super) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let arguments = format!("--port {port} --bind 127.0.0.1 --appendonly no --dir");
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "redis-server", "--save", ""])
            .args(arguments.split(' '))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
        let is_ready = lines.any(|line| line.unwrap().contains("Ready to accept connections"));
        assert!(is_ready, "redis-server does not start");
        Self {
            _shell: shell,
            _folder: folder,
            port,
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
