use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use futures_util::StreamExt;
use redis::{Client, aio::MultiplexedConnection};
use tempfile::TempDir;

use crate::PATIENCE;

/// A private `redis-server` on a free port, append-only, in a folder of its own. Gone when dropped.
pub struct Redis {
    server: Child,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
    client: Client,
    /// The folder, if it is to go with the server.
    temporary: Option<TempDir>,
}

impl Redis {
    /// Starts one and waits until it accepts connections.
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut redis = Self::start_in(folder.path(), &["--appendfsync", "always"], None);
        redis.temporary = Some(folder);
        redis
    }

    /// Starts one on a folder that stays, with more options and a password of the default user.
    pub fn start_in(folder: &Path, options: &[&str], password: Option<&str>) -> Self {
        let required = password.map(|password| ["--requirepass", password]);
        let options = options.iter().chain(required.iter().flatten());
        let options: Vec<_> = options.map(|option| (*option).to_owned()).collect();
        let user = password.map_or_else(String::new, |password| format!(":{password}@"));
        loop {
            let port = free_port();
            // Another process may have taken the port meanwhile; the server then ends, and the next port is tried.
            if let Some(server) = serve(folder, port, &options) {
                return Self {
                    server,
                    port,
                    folder: folder.into(),
                    options,
                    client: Client::open(format!("redis://{user}127.0.0.1:{port}")).unwrap(),
                    temporary: None,
                };
            }
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// Ends it as a crash would, and starts it again on its folder and port.
    pub fn crash_and_restart(&mut self) {
        self.crash();
        self.restart();
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again on its folder and port.
    pub fn restart(&mut self) {
        // A passing connection of some other process may have been given the port meanwhile.
        let mut starts = std::iter::repeat_with(|| serve(&self.folder, self.port, &self.options));
        let back = starts.by_ref().take(100).flatten().next();
        self.server = back.expect("Redis does not come back");
    }

    /// For connections with settings of one's own.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// What its disk holds now.
    pub fn remember(&self) -> Past {
        let past = TempDir::new().unwrap();
        copy(&self.append_only_files(), past.path());
        Past(past)
    }

    /// Ends it as a crash would, and starts it again without what was written since `past`.
    pub fn fall_back(&mut self, past: &Past) {
        self.crash();
        let files = self.append_only_files();
        std::fs::remove_dir_all(&files).unwrap();
        std::fs::create_dir(&files).unwrap();
        copy(past.0.path(), &files);
        self.restart();
    }

    fn append_only_files(&self) -> PathBuf {
        self.folder.join("appendonlydir")
    }

    /// A connection for a test's own commands.
    pub async fn connection(&self) -> MultiplexedConnection {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap()
    }

    /// Runs one command, written as in a shell but already in words.
    pub async fn run<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command
            .query_async(&mut self.connection().await)
            .await
            .unwrap()
    }

    /// Looks again after every change in Redis until `look` sees what the test waits for.
    pub async fn until<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> T {
        let mut changes = self.client.get_async_pubsub().await.unwrap();
        changes.psubscribe("__keyspace@0__:*").await.unwrap();
        let mut changes = changes.into_on_message();
        let looking = async {
            loop {
                if let Some(seen) = look().await {
                    return seen;
                }
                changes.next().await.expect("Redis went away");
            }
        };
        tokio::time::timeout(PATIENCE, looking)
            .await
            .unwrap_or_else(|_| panic!("never came: {what}"))
    }
}

/// An earlier state of a [`Redis`].
pub struct Past(TempDir);

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `None` if the port is taken.
fn serve(folder: &Path, port: u16, options: &[String]) -> Option<Child> {
    let log = File::create(folder.join("redis.log")).unwrap();
    let mut server = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "yes",
        ])
        .args(["--notify-keyspace-events", "KA"])
        .args(options)
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("redis-server is needed: sh tests/run.sh installs it");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.contains("Ready to accept connections") {
            // It goes on writing there, and would stop if nobody read.
            std::thread::spawn(move || lines.for_each(drop));
            return Some(server);
        }
    }
    server.wait().unwrap();
    None
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
