use std::{sync::Arc, time::Duration};

use e2e::{Worker, World};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Instant,
};

/// Forwards bytes to the vendor and reports when an order passes.
async fn watch_post(vendor: String) -> (String, mpsc::UnboundedReceiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (seen, orders) = mpsc::unbounded_channel();
    let vendor: Arc<str> = vendor.trim_start_matches("http://").into();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, Arc::clone(&vendor), seen.clone()));
        }
    });
    (address, orders)
}

async fn pass_on(client: TcpStream, vendor: Arc<str>, seen: mpsc::UnboundedSender<Instant>) {
    client.set_nodelay(true).unwrap();
    let server = TcpStream::connect(&*vendor).await.unwrap();
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

fn worker(world: &World, vendor: &str) -> Worker {
    world.worker_with(&[("HP_API__BASE_URL", vendor), ("HP_LOG__FILTER", "warn")])
}

pub(crate) async fn when_idle() {
    const ORDERS: usize = 500;
    let world = World::start();
    world
        .redis
        .command::<()>(&["CONFIG", "SET", "appendfsync", "everysec"])
        .await;
    let (address, mut orders) = watch_post(world.sandbox.base_url()).await;
    let _worker = worker(&world, &address);
    world.enqueue("first", 1).await;
    world.result("first").await;
    orders.recv().await.unwrap();
    println!("idle, from before XADD to the request at the vendor's door, {ORDERS} orders");

    let mut connection = world.redis.connection().await;
    let mut times = Vec::new();
    for n in 0..ORDERS {
        let put_in = Instant::now();
        let mut command = redis::cmd("XADD");
        command.arg(&[
            "{hp}:jobs",
            "*",
            "order_id",
            &format!("A-{n}"),
            "product_id",
            "2",
            "quantity",
            "1",
        ]);
        command.query_async::<()>(&mut connection).await.unwrap();
        times.push(orders.recv().await.unwrap() - put_in);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort();
    let (median, late) = (times[ORDERS / 2], times[ORDERS * 99 / 100]);
    println!("  median {median:.2?} (aim 1 ms), 99th percentile {late:.2?} (aim 2 ms)\n");
}

pub(crate) async fn at_start() {
    let mut times = Vec::new();
    for _ in 0..5 {
        let world = World::start();
        let (address, mut orders) = watch_post(world.sandbox.base_url()).await;
        world.enqueue("A-1", 1).await;
        let started = Instant::now();
        let _worker = worker(&world, &address);
        times.push(orders.recv().await.unwrap() - started);
    }
    times.sort();
    println!("from the start of the process to its first order at the vendor's door");
    println!("  median {:.1?} (aim 20 ms)", times[2]);
}
