//! Servers in front of another one: with TLS, with a time limit for idle connections, and an HTTP proxy.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// The certificate of the authority that has issued the certificate of [`TlsFront`].
pub fn authority() -> PathBuf {
    file("ca.crt")
}

fn file(name: &str) -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.join("../crates/hp-api/tests/data/tls").join(name)
}

/// A server on `localhost` that ends TLS and forwards to another server. Stops when dropped.
pub struct TlsFront {
    front: Front,
    handshakes: Arc<AtomicUsize>,
}

impl TlsFront {
    /// Starts in front of `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let acceptor = acceptor();
        let handshakes = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&handshakes);
        let serve = move |client: TcpStream| {
            let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
            async move {
                let mut client = acceptor.accept(client).await.ok()?;
                count.fetch_add(1, Ordering::Relaxed);
                let mut server = TcpStream::connect(target).await.ok()?;
                let _ = server.set_nodelay(true);
                let _ = copy_bidirectional(&mut client, &mut server).await;
                Some(())
            }
        };
        let front = Front::start(serve).await;
        Self { front, handshakes }
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.front.addr.port()
    }

    /// How many connections have been established so far.
    pub fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::Relaxed)
    }
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider);
    let versions = versions.with_safe_default_protocol_versions().unwrap();
    let certificate = CertificateDer::from_pem_file(file("issued.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("issued.key")).unwrap();
    let config = versions.with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server far away that closes idle connections. A request that arrives after the limit finds the connection closed,
/// because the news of it is still on its way. Stops when dropped.
pub struct IdleFront(Front);

impl IdleFront {
    /// Starts in front of `target`.
    pub async fn start(target: SocketAddr, limit: Duration) -> Self {
        let serve = move |mut client: TcpStream| async move {
            let mut server = TcpStream::connect(target).await.ok()?;
            let _ = server.set_nodelay(true);
            forward_until_idle(&mut client, &mut server, limit).await
        };
        Self(Front::start(serve).await)
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }
}

async fn forward_until_idle(
    client: &mut TcpStream,
    server: &mut TcpStream,
    limit: Duration,
) -> Option<()> {
    let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut used = Instant::now();
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                if used.elapsed() >= limit {
                    return None;
                }
                forward(read.ok()?, &request, server).await?;
            }
            read = server.read(&mut answer) => forward(read.ok()?, &answer, client).await?,
        }
        used = Instant::now();
    }
}

async fn forward(length: usize, bytes: &[u8], to: &mut TcpStream) -> Option<()> {
    if length == 0 {
        return None;
    }
    to.write_all(&bytes[..length]).await.ok()
}

/// An HTTP proxy for the method CONNECT. Stops when dropped.
pub struct HttpProxy {
    front: Front,
    targets: Arc<Mutex<Vec<String>>>,
}

impl HttpProxy {
    /// Starts a proxy. It wants this value of `Proxy-Authorization`, if one is given.
    pub async fn start(authorization: Option<&'static str>) -> Self {
        let targets = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&targets);
        let serve = move |client| tunnel(client, authorization, Arc::clone(&seen));
        let front = Front::start(serve).await;
        Self { front, targets }
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.front.addr
    }

    /// What the clients wanted to be connected with.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

async fn tunnel(
    mut client: TcpStream,
    authorization: Option<&'static str>,
    targets: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let head = read_head(&mut client).await?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let header = |line: &str| {
        line.strip_prefix("Proxy-Authorization: ")
            .map(str::to_owned)
    };
    let given = head.lines().find_map(header);
    targets.lock().unwrap().push(target.clone());
    if given.as_deref() != authorization {
        return refuse(client, "407 Proxy Authentication Required").await;
    }
    let Ok(mut server) = TcpStream::connect(&target).await else {
        return refuse(client, "502 Bad Gateway").await;
    };
    let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
    client.write_all(established).await.ok()?;
    let _ = copy_bidirectional(&mut client, &mut server).await;
    Some(())
}

async fn read_head(client: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn refuse(mut client: impl AsyncWrite + Unpin, status: &str) -> Option<()> {
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nsorry");
    client.write_all(answer.as_bytes()).await.ok()
}

/// Serves each connection on a free port of the loopback address until it is dropped.
struct Front {
    addr: SocketAddr,
    server: JoinHandle<()>,
}

impl Front {
    async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let _ = client.set_nodelay(true);
                connections.spawn(serve(client));
            }
        });
        Self { addr, server }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}
