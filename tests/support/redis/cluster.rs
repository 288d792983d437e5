use super::{
    protection::Protection,
    server::{Server, free_port},
};

/// Three masters that share the slots, and a replica of one of them on request.
pub(super) struct Cluster {
    pub(super) nodes: Vec<Server>,
    /// The index of the node with the slot of `{hp}`.
    pub(super) owner: usize,
}

const SLOTS: usize = 16384;
const MASTERS: usize = 3;
/// The log line of a node that sees all slots covered.
pub(super) const CLUSTER_OK: &str = "Cluster state changed: ok";

impl Cluster {
    pub(super) fn start(protection: Protection) -> Self {
        let nodes: Vec<_> = (0..MASTERS).map(|_| node(protection)).collect();
        for (n, node) in nodes.iter().enumerate() {
            let (first, next) = (SLOTS * n / MASTERS, SLOTS * (n + 1) / MASTERS);
            node.command::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {}", next - 1));
            node.command::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1));
        }
        let cluster = Self {
            owner: owner(&nodes[0]),
            nodes,
        };
        for other in &cluster.nodes[1..] {
            cluster.meet(other);
        }
        for node in &cluster.nodes {
            node.wait_for_line(CLUSTER_OK);
        }
        cluster
    }

    /// Starts a cluster and a replica of the owner, which is the last node.
    pub(super) fn with_replica() -> Self {
        let mut cluster = Self::start(Protection::NONE);
        let replica = node(Protection::NONE);
        cluster.meet(&replica);
        replica.wait_for_line(CLUSTER_OK);
        let master = &cluster.nodes[cluster.owner];
        replica.command::<()>(&format!("CLUSTER REPLICATE {}", id(master)));
        master.wait_for_line("Synchronization with replica");
        cluster.nodes.push(replica);
        cluster
    }

    fn meet(&self, other: &Server) {
        let command = format!(
            "CLUSTER MEET 127.0.0.1 {} {}",
            other.port(),
            bus_port(other)
        );
        self.nodes[0].command::<()>(&command);
    }

    /// Moves the slot of `{hp}` with its keys to another master, which becomes the owner.
    pub(super) fn move_slot(&mut self) {
        let (from, to) = (self.owner, (self.owner + 1) % MASTERS);
        let (old, new) = (&self.nodes[from], &self.nodes[to]);
        let slot: u16 = old.command("CLUSTER KEYSLOT {hp}");
        let set = |node: &Server, state: &str| {
            node.command::<()>(&format!("CLUSTER SETSLOT {slot} {state}"));
        };
        set(new, &format!("IMPORTING {}", id(old)));
        set(old, &format!("MIGRATING {}", id(new)));
        loop {
            let keys: Vec<String> = old.command(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
            if keys.is_empty() {
                break;
            }
            let keys = keys.join(" ");
            // The empty word takes the place of a single key: the keys follow after KEYS.
            let command = format!("MIGRATE 127.0.0.1 {}  0 5000 KEYS {keys}", new.port());
            old.command::<()>(&command);
        }
        for node in [new, old] {
            set(node, &format!("NODE {}", id(new)));
        }
        self.owner = to;
    }
}

fn node(protection: Protection) -> Server {
    Server::start_with(protection, || {
        format!(
            "--cluster-enabled yes --cluster-node-timeout 2000 --cluster-port {}",
            free_port()
        )
    })
}

fn owner(node: &Server) -> usize {
    let slot: usize = node.command("CLUSTER KEYSLOT {hp}");
    (0..MASTERS)
        .find(|n| slot < SLOTS * (n + 1) / MASTERS)
        .unwrap()
}

fn id(node: &Server) -> String {
    node.command("CLUSTER MYID")
}

fn bus_port(node: &Server) -> String {
    let [_, port]: [String; 2] = node.command("CONFIG GET cluster-port");
    port
}
