use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
};

use tempfile::TempDir;

use super::{clock::ServerClock, protection::Protection};
use crate::TIMEOUT;

/// A process of `redis-server`, or of the program that `HP_TEST_REDIS_SERVER` names, with a free port and a private
/// folder. Killed when dropped.
pub struct Server {
    process: Child,
    lines: Receiver<String>,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
    clock: Option<ServerClock>,
    protection: Protection,
}

/// Arguments of servers that hold data.
const DATA: &str = "--save '' --appendonly yes --appendfsync always --notify-keyspace-events KA --repl-diskless-sync-delay 0";

/// The log line of a server that accepts connections.
pub(super) const READY: &str = "Ready to accept connections";

impl Server {
    /// Starts a server that holds data, with further arguments, and waits until it accepts connections.
    pub fn start(more: &str) -> Self {
        Self::start_with(Protection::NONE, || more.into())
    }

    /// Like [`start`](Self::start), with a clock that the test steps.
    pub fn start_with_clock(more: &str) -> Self {
        Self::launch(READY, true, Protection::NONE, |_| format!("{DATA} {more}"))
    }

    /// Like [`start`](Self::start), with arguments that are computed for each try.
    pub(super) fn start_with(protection: Protection, more: impl Fn() -> String) -> Self {
        Self::prepared(READY, protection, |folder| {
            format!("{DATA} {} {}", protection.data_arguments(folder), more())
        })
    }

    /// Starts a server with the arguments that `prepare` returns for its folder, and waits for the line `ready`. Tries
    /// again if another process takes the port in between.
    pub(super) fn prepared(
        ready: &str,
        protection: Protection,
        prepare: impl Fn(&Path) -> String,
    ) -> Self {
        Self::launch(ready, false, protection, prepare)
    }

    fn launch(
        ready: &str,
        has_clock: bool,
        protection: Protection,
        prepare: impl Fn(&Path) -> String,
    ) -> Self {
        loop {
            let folder = TempDir::new().unwrap();
            let port = free_port();
            let prepared = prepare(folder.path());
            let ports = protection.port_arguments(port);
            let own = format!("{prepared} {ports} --bind 127.0.0.1 --dir");
            let mut arguments: Vec<String> = own
                .split_whitespace()
                .map(|word| word.replace('\'', ""))
                .collect();
            arguments.push(folder.path().display().to_string());
            let clock = has_clock.then(|| ServerClock::in_folder(folder.path()));
            let (process, lines) = spawn(&arguments, folder.path(), clock.as_ref());
            let server = Self {
                process,
                lines,
                port,
                arguments,
                folder,
                clock,
                protection,
            };
            if server.has_line(ready) {
                return server;
            }
        }
    }

    /// Starts a replica of it that connects to `address`, and waits until the replica has all data. The address is its own,
    /// or a proxy's in front of it. The replica of a server with a clock has one too.
    #[must_use]
    pub fn replica(&self, address: &str, more: &str) -> Self {
        let more = format!("{} {more}", replica_argument(address));
        let replica = match &self.clock {
            Some(_) => Self::start_with_clock(&more),
            None => Self::start_with(self.protection, || more.clone()),
        };
        self.wait_for_line("Synchronization with replica");
        replica
    }

    /// Makes a replica a master, also after a restart. Its former master stays one.
    pub fn promote(&mut self) {
        self.command::<()>("REPLICAOF NO ONE");
        self.remove_replica_argument();
    }

    /// Makes it a replica of the server at `address`, also after a restart. It may be down.
    pub fn follow(&mut self, address: &str) {
        self.remove_replica_argument();
        let role = replica_argument(address);
        self.arguments.extend(role.split(' ').map(str::to_owned));
        if self.process.try_wait().unwrap().is_none() {
            self.command::<()>(&role.replace("--replicaof", "REPLICAOF"));
        }
    }

    fn remove_replica_argument(&mut self) {
        let role = self.arguments.iter().position(|word| word == "--replicaof");
        if let Some(at) = role {
            self.arguments.drain(at..at + 3);
        }
    }

    /// Its clock.
    pub fn clock(&self) -> &ServerClock {
        let clock = self.clock.as_ref();
        clock.expect("start the server with a clock to step it")
    }

    /// Its address as `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL as a single server, with the password of `--requirepass` if it has one.
    pub fn url(&self) -> String {
        let mut password = self
            .arguments
            .iter()
            .skip_while(|word| *word != "--requirepass");
        let scheme = self.scheme();
        match password.nth(1) {
            Some(password) => format!("{scheme}://:{password}@{}", self.address()),
            None => format!("{scheme}://{}", self.address()),
        }
    }

    /// The scheme of its address: with or without TLS.
    pub(super) fn scheme(&self) -> &'static str {
        self.protection.scheme()
    }

    /// How it is protected.
    pub(super) fn protection(&self) -> Protection {
        self.protection
    }

    /// A client for the commands of the test itself, which may do everything.
    pub fn client(&self) -> redis::Client {
        self.protection.client(&self.url())
    }

    /// The folder with its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it.
    pub fn crash(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again with its data and port, and waits for the line `ready`.
    pub(super) fn restart(&mut self, ready: &str) {
        // A short connection of another process may use the port at the moment.
        for _ in 0..100 {
            (self.process, self.lines) =
                spawn(&self.arguments, self.folder.path(), self.clock.as_ref());
            if self.has_line(ready) {
                return;
            }
        }
        panic!("Redis does not start again");
    }

    /// Waits for a log line that contains this text. Skips lines that an earlier wait has read.
    pub fn wait_for_line(&self, text: &str) {
        assert!(self.has_line(text), "Redis exited and never logged: {text}");
    }

    /// `true` if the line comes before the server exits.
    fn has_line(&self, text: &str) -> bool {
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) if line.contains(text) => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("Redis never logged: {text}"),
            }
        }
    }

    /// Runs one command, given as one line, and waits for its answer.
    pub(super) fn command<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command
            .query(&mut self.client().get_connection().unwrap())
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn replica_argument(master: &str) -> String {
    format!("--replicaof {}", master.replace(':', " "))
}

/// Starts the process. Returns it and its output.
fn spawn(
    arguments: &[String],
    folder: &Path,
    clock: Option<&ServerClock>,
) -> (Child, Receiver<String>) {
    let program = std::env::var("HP_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let mut command = Command::new(program);
    if let Some(clock) = clock {
        clock.preload(&mut command);
    }
    let mut process = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(File::create(folder.join("stderr")).unwrap())
        .spawn()
        .expect("redis-server is needed: sh tests/run.sh installs it");
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let (write, read) = mpsc::channel();
    // Reads to the end even without a receiver: a full pipe would block the server.
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
