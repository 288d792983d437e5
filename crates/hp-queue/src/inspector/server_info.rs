use std::collections::HashMap;

use hp_order::Millis;

use super::Inspector;
use crate::{error::QueueError, script::script};

script! {
    ReadServerInfo = "server_info.lua";
    queue: jobs;
    order: ;
    arguments: ;
}

/// What the server that holds the queue says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its name, `redis` or `valkey`.
    pub name: String,
    /// Version of Redis' protocol and commands. Valkey reports the Redis version that it is compatible with.
    pub version: String,
    /// It can be written to: it is no replica.
    pub is_master: bool,
    /// It keeps an append-only file.
    pub is_append_only: bool,
    /// When that file is written to the disk: `always`, `everysec` or `no`. `None` if the server does not say.
    pub fsync: Option<String>,
    /// What it does when its memory is full.
    pub maxmemory_policy: String,
    /// The memory it may use, in bytes. Zero: no limit.
    pub maxmemory: u64,
    /// Its time.
    pub now: Millis,
}

impl Inspector {
    /// Asks the server that holds the queue about itself.
    pub async fn server_info(&self) -> Result<ServerInfo, QueueError> {
        let mut connection = self.handle.connection.clone();
        let call = ReadServerInfo {}.call(&self.handle.keys);
        let (now, info): (u64, String) = call.run(&mut connection).await?;
        let mut config = redis::cmd("CONFIG");
        config.arg("GET").arg("appendfsync");
        let answer = connection
            .send_to_master_of(&self.handle.keys.jobs, &config)
            .await;
        let answer = answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
        Ok(ServerInfo {
            fsync: answer
                .ok()
                .and_then(|mut config: HashMap<String, String>| config.remove("appendfsync")),
            ..read(&info, Millis(now))
        })
    }
}

fn read(info: &str, now: Millis) -> ServerInfo {
    let value = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let text = |name| value(name).unwrap_or_default().to_owned();
    ServerInfo {
        name: value("server_name").unwrap_or("redis").to_owned(),
        version: text("redis_version"),
        is_master: value("role") == Some("master"),
        is_append_only: value("aof_enabled") == Some("1"),
        fsync: None,
        maxmemory_policy: text("maxmemory_policy"),
        maxmemory: value("maxmemory")
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0),
        now,
    }
}
