mod clock;
mod cluster;
mod commands;
pub(crate) mod protection;
mod sentinel;
mod server;
pub(crate) mod snapshot;

use std::time::Duration;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use clock::ServerClock;
pub use protection::Protection;
pub use server::Server;

use cluster::{CLUSTER_OK, Cluster};
use sentinel::SentinelSetup;
use server::READY;

/// A private Redis: one server, a cluster, or a master with a Sentinel. Stopped when dropped.
pub struct Redis(Topology);

enum Topology {
    Single(Server),
    Cluster(Cluster),
    Sentinel(Box<SentinelSetup>),
}

/// A time without an answer after which Sentinel fails over: longer than any test stops its Redis.
const NO_FAILOVER: Duration = Duration::from_hours(1);
const FAST_FAILOVER: Duration = Duration::from_millis(500);

impl Redis {
    /// Starts the topology that `HP_TEST_REDIS` names, one server by default. No failover happens by itself.
    pub fn start() -> Self {
        match std::env::var("HP_TEST_REDIS").as_deref() {
            Err(_) | Ok("" | "single") => Self::single(),
            Ok("cluster") => Self::cluster(),
            Ok("sentinel") => Self::sentinel_with(NO_FAILOVER),
            Ok("users") => Self::protected(Protection::USERS),
            Ok(other) => {
                panic!("HP_TEST_REDIS is {other}: write single, cluster, sentinel or users")
            }
        }
    }

    /// Starts one server.
    pub fn single() -> Self {
        Self::single_with("")
    }

    /// Starts one server with more arguments.
    pub fn single_with(arguments: &str) -> Self {
        Self(Topology::Single(Server::start(arguments)))
    }

    /// Starts one server with more arguments, and with a clock that the test steps.
    pub fn single_with_clock(arguments: &str) -> Self {
        Self(Topology::Single(Server::start_with_clock(arguments)))
    }

    /// Starts a cluster of three masters.
    pub fn cluster() -> Self {
        Self(Topology::Cluster(Cluster::start(Protection::NONE)))
    }

    /// Starts a cluster of three masters. The master of the queue has a replica.
    pub fn cluster_with_replica() -> Self {
        Self(Topology::Cluster(Cluster::with_replica()))
    }

    /// Starts a master, a replica and a Sentinel that promotes the replica quickly.
    pub fn sentinel() -> Self {
        Self::sentinel_with(FAST_FAILOVER)
    }

    fn sentinel_with(down_after: Duration) -> Self {
        Self(Topology::Sentinel(Box::new(SentinelSetup::start(
            down_after,
            Protection::NONE,
        ))))
    }

    /// Starts one protected server.
    pub fn protected(protection: Protection) -> Self {
        Self(Topology::Single(Server::start_with(
            protection,
            String::new,
        )))
    }

    /// Starts a protected cluster of three masters.
    pub fn protected_cluster(protection: Protection) -> Self {
        Self(Topology::Cluster(Cluster::start(protection)))
    }

    /// Starts a protected master, a protected replica and a protected Sentinel that promotes the replica quickly.
    pub fn protected_sentinel(protection: Protection) -> Self {
        let setup = SentinelSetup::start(FAST_FAILOVER, protection);
        Self(Topology::Sentinel(Box::new(setup)))
    }

    /// A client of the queue that connects as this user.
    pub fn queue_client(&self, user: &str) -> hp_queue::Client {
        let protection = self.server().protection();
        protection.options(user).open(&self.url()).unwrap()
    }

    /// The settings with which a worker connects as this user.
    pub fn settings_of(&self, user: &str) -> Vec<(&'static str, String)> {
        let has_sentinels = matches!(self.0, Topology::Sentinel(_));
        let server = self.server();
        let protection = server.protection();
        let mut settings = protection.settings(user, server.folder(), has_sentinels);
        settings.push(("HP_REDIS__URL", self.url()));
        settings
    }

    /// Starts a replica of a server, and waits until it has all data. It has a clock if its master has one.
    pub fn replica_of(master: &Server) -> Self {
        Self(Topology::Single(master.replica(&master.address(), "")))
    }

    /// Starts a replica of a server that connects to this address, such as a proxy's in front of the server, with more
    /// arguments.
    pub fn replica_through(master: &Server, address: &str, more: &str) -> Self {
        Self(Topology::Single(master.replica(address, more)))
    }

    /// Makes a replica a master, also after a restart. Its former master stays one.
    pub fn promote(&mut self) {
        self.server_mut().promote();
    }

    /// Makes the server a replica of the one at `address`, also after a restart.
    pub fn follow(&mut self, address: &str) {
        self.server_mut().follow(address);
    }

    /// The clock of the queue's server.
    pub fn clock(&self) -> &ServerClock {
        self.server().clock()
    }

    /// The URL for workers and shops.
    pub fn url(&self) -> String {
        match &self.0 {
            Topology::Single(server) => server.url(),
            Topology::Cluster(Cluster { nodes, .. }) => {
                let addresses: Vec<_> = nodes.iter().map(Server::address).collect();
                let scheme = nodes[0].scheme();
                format!("{scheme}+cluster://{}", addresses.join(","))
            }
            Topology::Sentinel(setup) => setup.url(),
        }
    }

    /// The process id of the queue's server.
    pub fn id(&self) -> u32 {
        self.server().id()
    }

    /// The queue's server.
    pub fn server(&self) -> &Server {
        match &self.0 {
            Topology::Single(server) => server,
            Topology::Cluster(cluster) => &cluster.nodes[cluster.owner],
            Topology::Sentinel(setup) => &setup.servers[setup.master],
        }
    }

    fn server_mut(&mut self) -> &mut Server {
        match &mut self.0 {
            Topology::Single(server) => server,
            Topology::Cluster(cluster) => &mut cluster.nodes[cluster.owner],
            Topology::Sentinel(setup) => &mut setup.servers[setup.master],
        }
    }

    /// Kills the queue's server and starts it again with its data and port.
    pub fn crash_and_restart(&mut self) {
        self.crash();
        self.restart();
    }

    /// Kills the queue's server.
    pub fn crash(&mut self) {
        self.server_mut().crash();
    }

    /// Starts the queue's server again with its data and port.
    pub fn restart(&mut self) {
        let ready = match self.0 {
            Topology::Cluster(_) => CLUSTER_OK,
            _ => READY,
        };
        self.server_mut().restart(ready);
    }

    /// Kills or suspends the queue's server with `signal`, and waits until its replica is promoted.
    pub fn fail_over(&mut self, signal: Signal) {
        let id = i32::try_from(self.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        match &mut self.0 {
            Topology::Single(_) => panic!("a single server has no replica"),
            Topology::Cluster(cluster) => {
                cluster.owner = cluster.nodes.len() - 1;
                cluster.nodes[cluster.owner].wait_for_line("Failover election won");
            }
            Topology::Sentinel(setup) => {
                setup.sentinel.wait_for_line("+switch-master");
                setup.master = 1 - setup.master;
            }
        }
    }

    /// Moves the queue's slot to another node of the cluster.
    pub fn move_slot(&mut self) {
        match &mut self.0 {
            Topology::Cluster(cluster) => cluster.move_slot(),
            _ => panic!("only a cluster has slots"),
        }
    }
}
