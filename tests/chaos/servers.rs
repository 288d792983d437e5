//! The Redis servers of a run: a master and two replicas, their clocks, and the promotion of a replica while the master
//! lives.

use std::{net::SocketAddr, time::Duration};

use e2e::{
    Redis,
    proxy::{Link, Proxy},
};
use tokio::{
    task::block_in_place,
    time::{Instant, sleep},
};

use super::{schedule::Clocks, world::SECRETS};

const SERVERS: usize = 3;
/// The time for which a master without replicas may accept writes: Redis counts in whole seconds, and looks each second.
const MAX_LAG: Duration = Duration::from_secs(5);
/// The longest wait for replicas that have all data. Without such replicas there is no promotion.
const REPLICAS_LIMIT: Duration = Duration::from_secs(5);

/// A master and its replicas. Each server has a clock of its own, and a link to its replicas.
pub(crate) struct Servers {
    all: Vec<Redis>,
    replication: Vec<Proxy>,
    master: usize,
    /// The former master while it lives as a master.
    former: Option<usize>,
    is_up: bool,
    /// The differences of the clocks to the machine's, in milliseconds.
    offsets: [i64; SERVERS],
}

impl Servers {
    pub(crate) async fn start(seed: u64, unbounded: bool) -> Self {
        // A log file that is never rewritten while the server is a master, so that its end is easy to find. And a replica that
        // lost the answer of its master while a clock was set asks again soon: meanwhile the master accepts no writes.
        let arguments = format!(
            "--appendfsync everysec --auto-aof-rewrite-percentage 0 --requirepass {password} --masterauth {password} \
             --repl-ping-replica-period 1 --repl-timeout 6 --min-replicas-to-write {} --min-replicas-max-lag {}",
            u8::from(!unbounded),
            MAX_LAG.as_secs(),
            password = SECRETS[1],
        );
        let master = Redis::single_with_clock(&arguments);
        let mut servers = Self {
            replication: vec![Proxy::start(address(&master), seed).await],
            all: vec![master],
            master: 0,
            former: None,
            is_up: true,
            offsets: [0; SERVERS],
        };
        let link = servers.replication[0].addr().to_string();
        for _ in 1..SERVERS {
            let master = servers.all[0].server();
            let replica = block_in_place(|| Redis::replica_through(master, &link, &arguments));
            let link = Proxy::start(address(&replica), seed).await;
            servers.replication.push(link);
            servers.all.push(replica);
        }
        servers
    }

    /// The present master.
    pub(crate) fn master(&self) -> &Redis {
        &self.all[self.master]
    }

    /// The address of the present master.
    pub(crate) fn address(&self) -> SocketAddr {
        address(self.master())
    }

    /// Kills the master.
    pub(crate) fn kill(&mut self) {
        block_in_place(|| self.all[self.master].crash());
        self.is_up = false;
    }

    /// Starts the master again if it is down.
    pub(crate) fn start_again(&mut self) {
        if !self.is_up {
            block_in_place(|| self.all[self.master].restart());
            self.is_up = true;
        }
    }

    /// Promotes a replica, cut off from the master, which does not notice it. Returns `false` if no replica has all data.
    pub(crate) async fn promote(&mut self) -> bool {
        if !self.wait_for_replicas().await {
            return false;
        }
        let [old, new, other] = [0, 1, 2].map(|n| (self.master + n) % SERVERS);
        self.replication[old].set(Link::Stall);
        let link = self.replication[new].addr().to_string();
        block_in_place(|| {
            self.all[new].promote();
            self.all[other].follow(&link);
        });
        (self.master, self.former) = (new, Some(old));
        true
    }

    /// Ends the life of the former master: it is killed, or not, and follows the new one. Returns `true` if there was one.
    pub(crate) fn end_former(&mut self, kill: bool) -> bool {
        let Some(old) = self.former.take() else {
            return false;
        };
        let link = self.replication[self.master].addr().to_string();
        block_in_place(|| {
            if kill {
                self.all[old].crash();
            }
            self.all[old].follow(&link);
            if kill {
                self.all[old].restart();
            }
        });
        self.replication[old].set(Link::Pass);
        self.apply_offset(old);
        true
    }

    /// Sets clocks this many milliseconds ahead of the machine's, or behind it.
    pub(crate) fn set_clocks(&mut self, clocks: Clocks, offset: i64) {
        for server in 0..SERVERS {
            let is_meant = match clocks {
                Clocks::OfMaster => server == self.master,
                Clocks::OfReplicas => server != self.master,
                Clocks::All => true,
            };
            if is_meant {
                self.offsets[server] = offset;
                self.apply_offset(server);
            }
        }
    }

    /// Redis bounds the writes of a former master by that server's own clock, so its steps wait for its end.
    fn apply_offset(&self, server: usize) {
        if self.former != Some(server) {
            self.all[server].clock().set_offset(self.offsets[server]);
        }
    }

    /// Waits until the master counts each replica as present. After a step of its clock it may count one as present for too
    /// long, until it hears from the replica again.
    async fn wait_for_replicas(&self) -> bool {
        let limit = Instant::now() + REPLICAS_LIMIT;
        while Instant::now() < limit {
            let info: String = self.master().command(&["INFO", "replication"]).await;
            let present = info.lines().filter(|line| is_present(line)).count();
            if present == SERVERS - 1 {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

/// `true` for the line of a replica that has answered within the last second.
fn is_present(line: &str) -> bool {
    let lag = line.split_once(",lag=").map(|(_, lag)| lag.trim());
    line.contains("state=online") && matches!(lag, Some("0" | "1"))
}

fn address(redis: &Redis) -> SocketAddr {
    redis.server().address().parse().unwrap()
}
