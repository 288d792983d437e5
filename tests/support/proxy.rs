//! A network link that tests can cut, stall and slow.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

/// The behaviour of the network between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Delivers everything at once.
    Pass,
    /// Delays each chunk by a random time up to this one, so that the two directions may overtake each other.
    Slow(Duration),
    /// Delays everything on new connections by this time.
    Distant(Duration),
    /// Delivers nothing and closes nothing. Delivers afterwards.
    Stall,
    /// Resets open and new connections. Data in transit is lost.
    Cut,
}

/// A TCP proxy on a free port of the loopback address. Stops with all its connections when dropped.
pub struct Proxy {
    addr: SocketAddr,
    link: watch::Sender<Link>,
    target: watch::Sender<SocketAddr>,
    reset: Arc<Notify>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of `target`. The seed determines the delays of [`Link::Slow`].
    pub async fn start(target: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (link, links) = watch::channel(Link::Pass);
        let (target, targets) = watch::channel(target);
        let (reset, rng) = (Arc::default(), StdRng::seed_from_u64(seed));
        let server = tokio::spawn(accept(listener, targets, links, Arc::clone(&reset), rng));
        Self {
            addr,
            link,
            target,
            reset,
            server,
        }
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes the link of all connections.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Forwards new connections to another server. Open ones stay with theirs.
    pub fn set_target(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }

    /// Closes the open connections.
    pub fn close_connections(&self) {
        self.reset.notify_one();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<SocketAddr>,
    link: watch::Receiver<Link>,
    reset: Arc<Notify>,
    mut rng: StdRng,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                let (target, delays) = (*target.borrow(), StdRng::from_rng(&mut rng));
                connections.spawn(forward_connection(client, target, link.clone(), delays));
            },
            () = reset.notified() => connections.abort_all(),
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Forwards both directions until one side closes, fails or the link is cut.
async fn forward_connection(
    mut client: TcpStream,
    target: SocketAddr,
    mut link: watch::Receiver<Link>,
    mut rng: StdRng,
) {
    let mut until_cut = link.clone();
    let forwarded = async {
        let _ = link.wait_for(|link| *link != Link::Stall).await;
        let mut server = TcpStream::connect(target).await.ok()?;
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::join!(
                forward(
                    from_client,
                    to_server,
                    link.clone(),
                    StdRng::from_rng(&mut rng)
                ),
                forward(from_server, to_client, link.clone(), rng),
            )
        };
        tokio::select! {
            _ = both => {}
            _ = until_cut.wait_for(|link| *link == Link::Cut) => {
                let _ = server.set_zero_linger();
            }
        }
        Some(())
    };
    forwarded.await;
    if *until_cut.borrow() == Link::Cut {
        let _ = client.set_zero_linger();
    }
}

async fn forward(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut link: watch::Receiver<Link>,
    mut rng: StdRng,
) -> std::io::Result<()> {
    let distance = match *link.borrow() {
        Link::Distant(distance) => Some(distance),
        _ => None,
    };
    if let Some(distance) = distance {
        return forward_far(from, to, distance).await;
    }
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut chunk).await?;
        let current = link.wait_for(|link| *link != Link::Stall).await;
        if let Ok(Link::Slow(longest)) = current.map(|link| *link) {
            tokio::time::sleep(longest.mul_f64(rng.random())).await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
    }
}

/// Delivers each chunk when it has been on its way for this time. Several may be on their way.
async fn forward_far(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    distance: Duration,
) -> std::io::Result<()> {
    let (mut chunk, mut under_way) = (vec![0; 64 * 1024], VecDeque::new());
    loop {
        let arrival = under_way.front().map(|(arrival, _)| *arrival);
        tokio::select! {
            read = from.read(&mut chunk) => {
                let length = read?;
                if length == 0 {
                    return to.shutdown().await;
                }
                under_way.push_back((Instant::now() + distance, chunk[..length].to_vec()));
            }
            () = sleep_until(arrival.unwrap_or_else(Instant::now)), if arrival.is_some() => {
                if let Some((_, bytes)) = under_way.pop_front() {
                    to.write_all(&bytes).await?;
                }
            }
        }
    }
}
