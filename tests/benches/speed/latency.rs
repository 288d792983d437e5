//! How soon an order leaves for the vendor.

use std::{net::SocketAddr, time::Duration};

use e2e::{
    Worker, World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    process::Child,
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    options::Effort,
    setup::{Fsync, bare_loop, fill, ids, worker, world},
};

/// Forwards bytes to the vendor and reports when an order passes.
struct Watchpost {
    url: String,
    orders: mpsc::UnboundedReceiver<Instant>,
}

impl Watchpost {
    async fn before(vendor: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, orders) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, vendor, seen.clone()));
            }
        });
        Self { url, orders }
    }

    async fn next_order(&mut self) -> Instant {
        self.orders.recv().await.unwrap()
    }
}

async fn forward(client: TcpStream, vendor: SocketAddr, seen: mpsc::UnboundedSender<Instant>) {
    client.set_nodelay(true).unwrap();
    let server = TcpStream::connect(vendor).await.unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from_client.read(&mut bytes).await {
        if bytes[..n].starts_with(b"POST") {
            let _ = seen.send(Instant::now());
        }
        if to_server.write_all(&bytes[..n]).await.is_err() {
            break;
        }
    }
}

/// A queue with a consumer that has bought one order, and waits.
struct Idle {
    // Ends before its Redis does.
    _consumer: Consumer,
    connection: redis::aio::MultiplexedConnection,
    watchpost: Watchpost,
    _world: World,
}

enum Consumer {
    Worker { _process: Worker },
    BareLoop { _process: Child },
}

impl Idle {
    async fn start(consumer: fn(&World, &str) -> Consumer) -> Self {
        let world = world(Options::local(), Fsync::EverySecond);
        let mut watchpost = Watchpost::before(world.sandbox.addr()).await;
        let consumer = consumer(&world, &watchpost.url);
        fill(&world, ids("first", 1), "2").await;
        watchpost.next_order().await;
        Self {
            connection: world.redis.connection().await,
            _world: world,
            watchpost,
            _consumer: consumer,
        }
    }

    /// Milliseconds from before `XADD` until the request passes.
    async fn order(&mut self, id: &str) -> f64 {
        let mut command = redis::cmd("XADD");
        command.arg(&[
            "{hp}:jobs",
            "*",
            "order_id",
            id,
            "product_id",
            "2",
            "quantity",
            "1",
        ]);
        let started = Instant::now();
        command
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
        millis(self.watchpost.next_order().await - started)
    }
}

pub(crate) async fn when_idle(effort: Effort) -> Vec<Row> {
    let mut bare = Idle::start(|world, vendor| Consumer::BareLoop {
        _process: bare_loop(world, vendor, "64"),
    })
    .await;
    let mut worker = Idle::start(|world, vendor| Consumer::Worker {
        _process: worker(world, &[("HP_API__BASE_URL", vendor)]),
    })
    .await;
    let mut percentiles = [[const { Vec::new() }; 2], [const { Vec::new() }; 2]];
    for round in 0..effort.rounds() {
        let mut times = [Vec::new(), Vec::new()];
        for n in 0..effort.pick(400, 100) {
            let id = format!("A-{round}-{n}");
            times[0].push(bare.order(&id).await);
            sleep(pause(n)).await;
            times[1].push(worker.order(&id).await);
            sleep(pause(n + 1)).await;
        }
        for (times, percentiles) in times.into_iter().zip(&mut percentiles) {
            let times = Samples::new(times);
            percentiles[0].push(times.percentile(50));
            percentiles[1].push(times.percentile(99));
        }
    }
    let [[bare_50, bare_99], [worker_50, worker_99]] = percentiles;
    vec![
        Row::new(
            "idle, XADD to request: median, worker to bare loop",
            Goal::AtMost(1.2),
            Samples::ratios(&worker_50, &bare_50),
        ),
        Row::new(
            "idle, XADD to request: 99th percentile, worker to bare loop",
            Goal::AtMost(1.2),
            Samples::ratios(&worker_99, &bare_99),
        ),
        Row::note("bare loop: median, ms", Samples::new(bare_50)),
        Row::note("worker: median, ms", Samples::new(worker_50)),
        Row::note("bare loop: 99th percentile, ms", Samples::new(bare_99)),
        Row::note("worker: 99th percentile, ms", Samples::new(worker_99)),
    ]
}

/// Lets the consumer finish the order before. The times differ, so that they fall into step with no timer.
fn pause(n: u32) -> Duration {
    Duration::from_micros(5000 + u64::from(n % 7) * 430)
}

pub(crate) async fn at_start(effort: Effort) -> Vec<Row> {
    let mut times = Vec::new();
    for _ in 0..effort.pick(15, 5) {
        let world = world(Options::local(), Fsync::EverySecond);
        let mut watchpost = Watchpost::before(world.sandbox.addr()).await;
        fill(&world, ids("A", 1), "2").await;
        let started = Instant::now();
        let _worker = worker(&world, &[("HP_API__BASE_URL", &watchpost.url)]);
        times.push(millis(watchpost.next_order().await - started));
    }
    let what = "start of the process to its first request, ms";
    vec![Row::new(what, Goal::AtMost(10.0), Samples::new(times))]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
