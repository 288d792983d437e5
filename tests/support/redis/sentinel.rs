use std::time::Duration;

use super::{
    protection::Protection,
    server::{Server, free_port},
};

/// A master, its replica, and a Sentinel that watches them under the name `mymaster`.
pub(super) struct SentinelSetup {
    pub(super) servers: [Server; 2],
    /// The index of the master in `servers`.
    pub(super) master: usize,
    pub(super) sentinel: Server,
}

impl SentinelSetup {
    /// Starts them. Sentinel promotes the replica after the master has not answered for `down_after`.
    pub(super) fn start(down_after: Duration, protection: Protection) -> Self {
        let master = Server::start_with(protection, String::new);
        let replica = master.replica(&master.address(), "");
        let port = master.port();
        let sentinel = Server::prepared("+slave", protection, |folder| {
            let file = folder.join("sentinel.conf");
            let down_after = down_after.as_millis();
            let mut lines = vec![
                format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
                format!("sentinel down-after-milliseconds mymaster {down_after}"),
                "sentinel failover-timeout mymaster 10000".into(),
            ];
            lines.extend(protection.sentinel_lines());
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
        let (unused, scheme) = (free_port(), self.sentinel.scheme());
        format!(
            "{scheme}+sentinel://127.0.0.1:{unused},{}/mymaster",
            self.sentinel.address()
        )
    }
}
