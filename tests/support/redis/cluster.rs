use super::server::{Server, free_port};

/// Three masters that share the slots, and the replica of one of them where that is wanted.
pub(super) struct Cluster {
    pub(super) nodes: Vec<Server>,
    /// Which of them has the slot of `{hp}`.
    pub(super) owner: usize,
}

const SLOTS: usize = 16384;
const MASTERS: usize = 3;
pub(super) const WHOLE: &str = "Cluster state changed: ok";

impl Cluster {
    pub(super) fn start() -> Self {
        let nodes: Vec<_> = (0..MASTERS).map(|_| node()).collect();
        for (n, node) in nodes.iter().enumerate() {
            let (first, next) = (SLOTS * n / MASTERS, SLOTS * (n + 1) / MASTERS);
            node.tell::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {}", next - 1));
            node.tell::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1));
        }
        let cluster = Self {
            owner: owner(&nodes[0]),
            nodes,
        };
        for other in &cluster.nodes[1..] {
            cluster.meet(other);
        }
        for node in &cluster.nodes {
            node.said(WHOLE);
        }
        cluster
    }

    /// Gives the owner a replica, which is the last of the nodes then.
    pub(super) fn with_replica() -> Self {
        let mut cluster = Self::start();
        let replica = node();
        cluster.meet(&replica);
        replica.said(WHOLE);
        let master = &cluster.nodes[cluster.owner];
        replica.tell::<()>(&format!("CLUSTER REPLICATE {}", id(master)));
        master.said("Synchronization with replica");
        cluster.nodes.push(replica);
        cluster
    }

    fn meet(&self, other: &Server) {
        let command = format!("CLUSTER MEET 127.0.0.1 {} {}", other.port(), bus(other));
        self.nodes[0].tell::<()>(&command);
    }

    /// Moves the slot of `{hp}` with its keys to another master, who is the owner then.
    pub(super) fn move_slot(&mut self) {
        let (from, to) = (self.owner, (self.owner + 1) % MASTERS);
        let (old, new) = (&self.nodes[from], &self.nodes[to]);
        let slot: u16 = old.tell("CLUSTER KEYSLOT {hp}");
        let set =
            |node: &Server, what: &str| node.tell::<()>(&format!("CLUSTER SETSLOT {slot} {what}"));
        set(new, &format!("IMPORTING {}", id(old)));
        set(old, &format!("MIGRATING {}", id(new)));
        loop {
            let keys: Vec<String> = old.tell(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
            if keys.is_empty() {
                break;
            }
            let keys = keys.join(" ");
            // The empty word in the middle stands for the keys that come at the end.
            let command = format!("MIGRATE 127.0.0.1 {}  0 5000 KEYS {keys}", new.port());
            old.tell::<()>(&command);
        }
        for node in [new, old] {
            set(node, &format!("NODE {}", id(new)));
        }
        self.owner = to;
    }
}

fn node() -> Server {
    Server::start_with(|| {
        format!(
            "--cluster-enabled yes --cluster-node-timeout 2000 --cluster-port {}",
            free_port()
        )
    })
}

fn owner(node: &Server) -> usize {
    let slot: usize = node.tell("CLUSTER KEYSLOT {hp}");
    (0..MASTERS)
        .find(|n| slot < SLOTS * (n + 1) / MASTERS)
        .unwrap()
}

fn id(node: &Server) -> String {
    node.tell("CLUSTER MYID")
}

fn bus(node: &Server) -> String {
    let [_, port]: [String; 2] = node.tell("CONFIG GET cluster-port");
    port
}
