//! A network that can be cut, held up and slowed.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What the network between two processes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Carries everything at once.
    Pass,
    /// Keeps each piece for up to this time, so that what was sent later may arrive earlier.
    Slow(Duration),
    /// Carries nothing and closes nothing; what was sent meanwhile arrives afterwards.
    Stall,
    /// Resets all connections, and new ones too; what was on its way is lost.
    Cut,
}

/// A TCP proxy on a free port of the loopback address. Ends when dropped, and its connections with it.
pub struct Proxy {
    addr: SocketAddr,
    link: watch::Sender<Link>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Starts one before `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (link, seen) = watch::channel(Link::Pass);
        let serving = tokio::spawn(accept(listener, target, seen));
        Self {
            addr,
            link,
            serving,
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes what the network does, for all connections.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, link: watch::Receiver<Link>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(carry(client, target, link.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Any error is an end of the connection like others.
async fn carry(mut client: TcpStream, target: SocketAddr, mut link: watch::Receiver<Link>) {
    let mut until_cut = link.clone();
    let carried = async {
        let _ = link.wait_for(|link| *link != Link::Stall).await;
        let mut server = TcpStream::connect(target).await.ok()?;
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::join!(
                forward(from_client, to_server, link.clone()),
                forward(from_server, to_client, link.clone()),
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
    carried.await;
    if *until_cut.borrow() == Link::Cut {
        let _ = client.set_zero_linger();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: randomness is read here"
)]
async fn forward(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut link: watch::Receiver<Link>,
) -> std::io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        let now = link.wait_for(|link| *link != Link::Stall).await;
        if let Ok(Link::Slow(longest)) = now.map(|link| *link) {
            tokio::time::sleep(longest.mul_f64(rand::random())).await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        addr
    }

    async fn through() -> (Proxy, TcpStream) {
        let proxy = Proxy::start(echo().await).await;
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(echoed(&mut stream, 1).await.unwrap(), 1);
        (proxy, stream)
    }

    async fn echoed(stream: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
        stream.write_u8(byte).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_cut_resets_what_is_open_and_what_comes() {
        let (proxy, mut open) = through().await;
        proxy.set(Link::Cut);
        assert!(open.read_u8().await.is_err());
        let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
        assert!(echoed(&mut new, 2).await.is_err());
        proxy.set(Link::Pass);
        let mut healed = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(echoed(&mut healed, 3).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn what_a_stall_holds_up_arrives_when_it_is_over() {
        let (proxy, mut open) = through().await;
        proxy.set(Link::Stall);
        open.write_u8(2).await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(100), open.read_u8()).await;
        assert!(early.is_err(), "it arrived through a stalled network");
        proxy.set(Link::Pass);
        assert_eq!(open.read_u8().await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_slow_network_carries_all_of_it() {
        let (proxy, mut open) = through().await;
        proxy.set(Link::Slow(Duration::from_millis(5)));
        for byte in 2..20 {
            assert_eq!(echoed(&mut open, byte).await.unwrap(), byte);
        }
    }
}
