use std::time::Duration;

use super::server::{Server, free_port};

/// A master, its replica, and a Sentinel that knows them as `mymaster`.
pub(super) struct Watched {
    pub(super) servers: [Server; 2],
    /// Which of the servers is the master.
    pub(super) master: usize,
    pub(super) sentinel: Server,
}

impl Watched {
    /// The master is given up after it was silent for `patience`.
    pub(super) fn start(patience: Duration) -> Self {
        let master = Server::start("");
        let replica = master.replica();
        let port = master.port();
        let sentinel = Server::prepared("+slave", |folder| {
            let file = folder.join("sentinel.conf");
            let patience = patience.as_millis();
            let lines = [
                format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
                format!("sentinel down-after-milliseconds mymaster {patience}"),
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

    /// The first Sentinel of the address is none: those who ask have to go on to the next.
    pub(super) fn url(&self) -> String {
        let nobody = free_port();
        format!(
            "redis+sentinel://127.0.0.1:{nobody},{}/mymaster",
            self.sentinel.address()
        )
    }
}
