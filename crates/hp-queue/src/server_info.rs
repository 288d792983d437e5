use std::{collections::HashMap, sync::LazyLock};

use crate::{
    Inspector, QueueError,
    script::{Script, call, run},
};
use hp_order::Millis;

static EXAMINE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/server_info.lua")));

/// What the Redis of a queue says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its name, `redis` or `valkey`.
    pub name: String,
    /// Of Redis' protocol and commands: Valkey says here which Redis it is like.
    pub version: String,
    /// Whether it can be written to: it is no replica.
    pub is_master: bool,
    /// Whether it keeps an append-only file.
    pub is_append_only: bool,
    /// When that file is brought to the disk: `always`, `everysec` or `no`; none if it does not tell us.
    pub fsync: Option<String>,
    /// What it does when it is full.
    pub maxmemory_policy: String,
    /// The memory it may use, in bytes; zero: all there is.
    pub maxmemory: u64,
    /// Its time.
    pub now: Millis,
}

impl Inspector {
    /// Asks the server that holds the queue about itself, as the worker's scripts do.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn server_info(&self) -> Result<ServerInfo, QueueError> {
        let mut connection = self.handle.connection.clone();
        let command = call(&EXAMINE, &[&self.handle.keys.jobs]);
        let (now, info): (u64, String) = run(&EXAMINE, &command, &mut connection).await?;
        let mut ask = redis::cmd("CONFIG");
        ask.arg("GET").arg("appendfsync");
        let told = connection.where_is(&self.handle.keys.jobs, &ask).await;
        let told = told.and_then(|told| Ok(redis::from_redis_value(told)?));
        Ok(ServerInfo {
            fsync: told
                .ok()
                .and_then(|mut told: HashMap<String, String>| told.remove("appendfsync")),
            ..read(&info, Millis(now))
        })
    }
}

fn read(info: &str, now: Millis) -> ServerInfo {
    let of = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let text = |name| of(name).unwrap_or_default().to_owned();
    ServerInfo {
        name: of("server_name").unwrap_or("redis").to_owned(),
        version: text("redis_version"),
        is_master: of("role") == Some("master"),
        is_append_only: of("aof_enabled") == Some("1"),
        fsync: None,
        maxmemory_policy: text("maxmemory_policy"),
        maxmemory: of("maxmemory")
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0),
        now,
    }
}
