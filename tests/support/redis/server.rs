use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
};

use tempfile::TempDir;

use crate::PATIENCE;

/// One process of `redis-server`, or of what `HP_TEST_REDIS_SERVER` names, on a free port and in a folder of its own.
/// Killed when dropped.
pub struct Server {
    process: Child,
    lines: Receiver<String>,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

/// For servers that hold data.
const DATA: &str = "--save '' --appendonly yes --appendfsync always --notify-keyspace-events KA --repl-diskless-sync-delay 0";

/// What a server says when it accepts connections.
pub(super) const READY: &str = "Ready to accept connections";

impl Server {
    /// Starts one that keeps data, with more arguments, and waits until it accepts connections.
    pub fn start(more: &str) -> Self {
        Self::start_with(|| more.into())
    }

    /// The same with arguments that are made anew for each try.
    pub(super) fn start_with(more: impl Fn() -> String) -> Self {
        Self::prepared(READY, |_| format!("{DATA} {}", more()))
    }

    /// Starts one with the arguments that `prepare` makes for its folder, and waits until it says that it is `ready`.
    /// Both are done again where another process takes the port meanwhile.
    pub(super) fn prepared(ready: &str, prepare: impl Fn(&Path) -> String) -> Self {
        loop {
            let folder = TempDir::new().unwrap();
            let port = free_port();
            let prepared = prepare(folder.path());
            let own = format!("{prepared} --port {port} --bind 127.0.0.1 --dir");
            let mut arguments: Vec<String> = own
                .split_whitespace()
                .map(|word| word.replace('\'', ""))
                .collect();
            arguments.push(folder.path().display().to_string());
            let (process, lines) = spawn(&arguments, folder.path());
            let server = Self {
                process,
                lines,
                port,
                arguments,
                folder,
            };
            if server.says(ready) {
                return server;
            }
        }
    }

    /// Starts a replica of it, and waits until that one has everything.
    pub(super) fn replica(&self) -> Self {
        let replica = Self::start(&format!("--replicaof 127.0.0.1 {}", self.port));
        self.said("Synchronization with replica");
        replica
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, as if it stood alone.
    pub fn url(&self) -> String {
        let mut password = self
            .arguments
            .iter()
            .skip_while(|word| *word != "--requirepass");
        match password.nth(1) {
            Some(password) => format!("redis://:{password}@{}", self.address()),
            None => format!("redis://{}", self.address()),
        }
    }

    /// Where its data is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on its folder and port, and waits until it says that it is `ready`.
    pub(super) fn restart(&mut self, ready: &str) {
        // A passing connection of some other process may have been given the port meanwhile.
        for _ in 0..100 {
            (self.process, self.lines) = spawn(&self.arguments, self.folder.path());
            if self.says(ready) {
                return;
            }
        }
        panic!("Redis does not come back");
    }

    /// Waits until it writes a line with this in it. Lines that came before the last such wait are not looked at.
    pub fn said(&self, words: &str) {
        assert!(self.says(words), "Redis ended and never said: {words}");
    }

    /// Whether it does so before it ends.
    fn says(&self, words: &str) -> bool {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(words) => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("Redis never said: {words}"),
            }
        }
    }

    /// Runs one command, written as in a shell, and waits for its answer.
    pub(super) fn tell<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let client = redis::Client::open(self.url()).unwrap();
        command
            .query(&mut client.get_connection().unwrap())
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process, and what it writes.
fn spawn(arguments: &[String], folder: &Path) -> (Child, Receiver<String>) {
    let program = std::env::var("HP_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let mut process = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(File::create(folder.join("stderr")).unwrap())
        .spawn()
        .expect("redis-server is needed: sh tests/run.sh installs it");
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let (write, read) = mpsc::channel();
    // Reads on though nobody may listen: the server would stop at a full pipe.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = write.send(line);
        }
    });
    (process, read)
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
