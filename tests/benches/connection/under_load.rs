use e2e::{
    World,
    tls::{TlsFront, authority},
};
use hp_sandbox::Options;

/// How many orders each slot of the worker processes.
const ORDERS_A_SLOT: usize = 40;

/// Prints how many handshakes a worker makes for its orders.
pub(crate) async fn measure_all() {
    println!("\nHandshakes of a worker under load:\n");
    println!(
        "{:>10}  {:>6}  {:>7}  {:>10}",
        "latency", "slots", "orders", "handshakes"
    );
    for latency in ["0s", "100ms"] {
        for slots in [64, 256] {
            let orders = slots * ORDERS_A_SLOT;
            let handshakes = measure(latency, slots, orders).await;
            println!("{latency:>10}  {slots:>6}  {orders:>7}  {handshakes:>10}");
        }
    }
}

async fn measure(latency: &str, slots: usize, orders: usize) -> usize {
    let vendor = Options {
        latency: latency.parse().unwrap(),
        ..Options::local()
    };
    let world = World::with_vendor(vendor);
    let address = world.sandbox.base_url();
    let address = address.trim_start_matches("http://").parse().unwrap();
    let front = TlsFront::start(address).await;
    let ids: Vec<_> = (0..orders).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    let _worker = world.worker_with(&[
        (
            "HP_API__BASE_URL",
            &format!("https://localhost:{}", front.port()),
        ),
        ("HP_API__CA_FILE", authority().to_str().unwrap()),
        ("HP_API__TIMEOUT", "30s"),
        ("HP_RETRY__RESUBMIT_AFTER", "5m"),
        ("HP_WORKER__LEASE", "15s"),
        ("HP_WORKER__CONCURRENCY", &slots.to_string()),
        ("HP_LOG__FILTER", "warn"),
    ]);
    world.results_of_all(&ids).await;
    front.handshakes()
}
