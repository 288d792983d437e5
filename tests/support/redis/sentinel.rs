use std::time::Duration;

use super::server::{Server, free_port};

/// A master, its replica, and a Sentinel that watches them under the name `mymaster`.
pub(super) struct SentinelSetup {
    pub(super) servers: [Server; 2],
    /// The index of the master in `servers`.
    pub(super) master: usize,
    pub(super) sentinel: Server,
}

impl SentinelSetup {
    /// Starts them. Sentinel promotes the replica after the master has not answered for `down_after`.
    pub(super) fn start(down_after: Duration) -> Self {
        let master = Server::start("");
        let replica = master.replica(&master.address(), "");
        let port = master.port();
        let sentinel = Server::prepared("+slave", |folder| {
            let file = folder.join("sentinel.conf");
            let down_after = down_after.as_millis();
            let lines = [
                format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
                format!("sentinel down-after-milliseconds mymaster {down_after}"),
                "sentinel failover-timeout mymaster 10000".into(),
            ];
            std::fs::write(&file, lines.join("\n")).unwrap();
            format!("{} --sentinel", file.display())
        });
        Self {
            servers: [master, replica],
            master: 0,
            sentinel,
        }
    }

    /// The URL. Its first address has no Sentinel: clients must try the next one.
    pub(super) fn url(&self) -> String {
        let unused = free_port();
        format!(
            "redis+sentinel://127.0.0.1:{unused},{}/mymaster",
            self.sentinel.address()
        )
    }
}
