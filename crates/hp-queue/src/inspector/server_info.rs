use std::{collections::HashMap, time::Duration};

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
    /// Identifies this run of the server. Empty if the server hides it: then a restart goes unnoticed.
    pub run_id: String,
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
    /// The memory that it uses and that counts for the limit, in bytes.
    pub used_memory: u64,
    /// Number of replicas that are connected to it.
    pub replicas: u32,
    /// Number of replicas that it needs to accept a write (`min-replicas-to-write`). `None` if the server does not say.
    pub min_replicas_to_write: Option<u32>,
    /// For how long at most it accepts writes after it has lost its replicas (`min-replicas-max-lag`). `None` if it accepts
    /// writes without a replica, or if it does not say.
    pub min_replicas_max_lag: Option<Duration>,
    /// Its time.
    pub now: Millis,
}

impl ServerInfo {
    /// Returns `true` if its memory is full: it refuses writes.
    pub const fn is_full(&self) -> bool {
        self.maxmemory > 0 && self.used_memory > self.maxmemory
    }
}

impl Inspector {
    /// Asks the server that holds the queue about itself.
    pub async fn server_info(&self) -> Result<ServerInfo, QueueError> {
        let mut connection = self.handle.connection.clone();
        let call = ReadServerInfo {}.call(&self.handle.keys);
        let (now, info): (u64, String) = call.run(&mut connection).await?;
        let config = self.server_config().await;
        Ok(ServerInfo {
            fsync: config.get("appendfsync").cloned(),
            min_replicas_to_write: number(&config, "min-replicas-to-write"),
            min_replicas_max_lag: longest_lag(&config),
            ..read(&info, Millis(now))
        })
    }

    /// Reads settings of the server that holds the queue. A Redis user may lack the right to: then there are none.
    async fn server_config(&self) -> HashMap<String, String> {
        let connection = self.handle.connection.clone();
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(SETTINGS);
        let answer = connection
            .send_to_master_of(&self.handle.keys.jobs, &command)
            .await;
        answer
            .ok()
            .and_then(|answer| redis::from_redis_value(answer).ok())
            .unwrap_or_default()
    }
}

const SETTINGS: &[&str] = &[
    "appendfsync",
    "min-replicas-to-write",
    "min-replicas-max-lag",
];

fn number(config: &HashMap<String, String>, name: &str) -> Option<u32> {
    config.get(name)?.parse().ok()
}

/// A lag of zero switches the check off, like a number of zero.
fn longest_lag(config: &HashMap<String, String>) -> Option<Duration> {
    let set = |name| number(config, name).filter(|number| *number > 0);
    set("min-replicas-to-write")?;
    set("min-replicas-max-lag").map(|seconds| Duration::from_secs(seconds.into()))
}

fn read(info: &str, now: Millis) -> ServerInfo {
    let value = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let text = |name| value(name).unwrap_or_default().to_owned();
    let bytes = |name| {
        value(name)
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0)
    };
    let used: u64 = bytes("used_memory");
    ServerInfo {
        name: value("server_name").unwrap_or("redis").to_owned(),
        version: text("redis_version"),
        run_id: text("run_id"),
        is_master: value("role") == Some("master"),
        is_append_only: value("aof_enabled") == Some("1"),
        fsync: None,
        maxmemory_policy: text("maxmemory_policy"),
        maxmemory: bytes("maxmemory"),
        used_memory: used.saturating_sub(bytes("mem_not_counted_for_evict")),
        replicas: value("connected_slaves")
            .and_then(|replicas| replicas.parse().ok())
            .unwrap_or(0),
        min_replicas_to_write: None,
        min_replicas_max_lag: None,
        now,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use hp_order::Millis;

    use super::{longest_lag, read};

    fn lag(settings: &[(&str, &str)]) -> Option<Duration> {
        let config: HashMap<String, String> = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        longest_lag(&config)
    }

    #[test]
    fn lag_counts_only_if_a_replica_is_needed() {
        let (needed, bounded) = (
            ("min-replicas-to-write", "1"),
            ("min-replicas-max-lag", "10"),
        );
        assert_eq!(lag(&[needed, bounded]), Some(Duration::from_secs(10)));
        for settings in [
            &[][..],
            &[bounded],
            &[("min-replicas-to-write", "0"), bounded],
            &[needed, ("min-replicas-max-lag", "0")],
        ] {
            assert_eq!(lag(settings), None, "{settings:?}");
        }
    }

    #[test]
    fn server_above_its_memory_limit_is_full() {
        let info = |used: u64| {
            format!("used_memory:{used}\r\nmaxmemory:100\r\nmem_not_counted_for_evict:10\r\n")
        };
        for (used, is_full) in [(110, false), (111, true)] {
            assert_eq!(read(&info(used), Millis(0)).is_full(), is_full, "{used}");
        }
        assert!(!read("used_memory:500\r\nmaxmemory:0\r\n", Millis(0)).is_full());
    }

    #[test]
    fn server_that_hides_its_run_has_no_run_id() {
        let info = "redis_version:7.2.0\r\nrole:master\r\nconnected_slaves:2\r\n";
        let server = read(info, Millis(0));
        assert_eq!((server.run_id.as_str(), server.replicas), ("", 2));
        let info = format!("{info}run_id:abc\r\n");
        assert_eq!(read(&info, Millis(0)).run_id, "abc");
    }
}
