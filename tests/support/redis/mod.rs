mod cluster;
mod commands;
mod past;
mod sentinel;
mod server;

use std::time::Duration;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use past::Past;
pub use server::Server;

use cluster::{Cluster, WHOLE};
use sentinel::Watched;
use server::READY;

/// A private Redis: one server, a cluster or a server that Sentinel watches. Gone when dropped.
pub struct Redis(Topology);

enum Topology {
    Single(Server),
    Cluster(Cluster),
    Sentinel(Watched),
}

/// Longer than any test stops its Redis for.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(500);

impl Redis {
    /// Starts what `HP_TEST_REDIS` says, one server if it says nothing. Nothing fails over by itself.
    pub fn start() -> Self {
        match std::env::var("HP_TEST_REDIS").as_deref() {
            Err(_) | Ok("" | "single") => Self::single(),
            Ok("cluster") => Self::cluster(),
            Ok("sentinel") => Self(Topology::Sentinel(Watched::start(NEVER))),
            Ok(other) => panic!("HP_TEST_REDIS is {other}: write single, cluster or sentinel"),
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

    /// Starts a cluster of three masters.
    pub fn cluster() -> Self {
        Self(Topology::Cluster(Cluster::start()))
    }

    /// Starts a cluster of three masters, where the one that has the queue has a replica.
    pub fn cluster_with_replica() -> Self {
        Self(Topology::Cluster(Cluster::with_replica()))
    }

    /// Starts a master and a replica, watched by a Sentinel that is quick to promote.
    pub fn watched() -> Self {
        Self(Topology::Sentinel(Watched::start(SOON)))
    }

    /// Starts one server that follows another, and has what that one has.
    pub fn replica_of(master: &Server) -> Self {
        Self(Topology::Single(master.replica()))
    }

    /// The address for workers and shops.
    pub fn url(&self) -> String {
        match &self.0 {
            Topology::Single(server) => server.url(),
            Topology::Cluster(Cluster { nodes, .. }) => {
                let addresses: Vec<_> = nodes.iter().map(Server::address).collect();
                format!("redis+cluster://{}", addresses.join(","))
            }
            Topology::Sentinel(watched) => watched.url(),
        }
    }

    /// The process id of the server that has the queue.
    pub fn id(&self) -> u32 {
        self.server().id()
    }

    /// The server that has the queue.
    pub fn server(&self) -> &Server {
        match &self.0 {
            Topology::Single(server) => server,
            Topology::Cluster(cluster) => &cluster.nodes[cluster.owner],
            Topology::Sentinel(watched) => &watched.servers[watched.master],
        }
    }

    fn server_mut(&mut self) -> &mut Server {
        match &mut self.0 {
            Topology::Single(server) => server,
            Topology::Cluster(cluster) => &mut cluster.nodes[cluster.owner],
            Topology::Sentinel(watched) => &mut watched.servers[watched.master],
        }
    }

    /// Ends the server that has the queue as a crash would, and starts it again on its folder and port.
    pub fn crash_and_restart(&mut self) {
        self.crash();
        self.restart();
    }

    /// Ends the server that has the queue as a crash would.
    pub fn crash(&mut self) {
        self.server_mut().crash();
    }

    /// Starts it again on its folder and port.
    pub fn restart(&mut self) {
        let ready = match self.0 {
            Topology::Cluster(_) => WHOLE,
            _ => READY,
        };
        self.server_mut().restart(ready);
    }

    /// Ends or stops the server that has the queue by `signal`, and waits until its replica is promoted.
    pub fn fail_over(&mut self, signal: Signal) {
        let id = i32::try_from(self.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        match &mut self.0 {
            Topology::Single(_) => panic!("there is nothing to fail over to"),
            Topology::Cluster(cluster) => {
                cluster.owner = cluster.nodes.len() - 1;
                cluster.nodes[cluster.owner].said("Failover election won");
            }
            Topology::Sentinel(watched) => {
                watched.sentinel.said("+switch-master");
                watched.master = 1 - watched.master;
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
