use std::{
    collections::HashMap,
    io::Write,
    net::Shutdown,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A bare HTTP server that replies as a test says, and records every request.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    connections: Connections,
    endless: Arc<AtomicUsize>,
}

/// A request as the server received it.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether it is the first request to the server.
    pub(crate) is_first: bool,
}

/// The reply to a request.
pub(crate) enum Reply {
    Answer(Vec<u8>),
    AnswerAndClose(Vec<u8>),
    Close,
    Nothing,
    /// These bytes, then the others again and again.
    Endless(&'static str, &'static str),
    /// The same, byte by byte.
    Drip(&'static str, &'static str),
}

impl ReceivedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        let mut named = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value)
    }

    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

impl Server {
    pub(crate) async fn start(
        reply: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Connections::default();
        let serving = Serving {
            replies: Arc::new(reply),
            requests: Arc::clone(&requests),
            endless: Arc::default(),
        };
        let endless = Arc::clone(&serving.endless);
        tokio::spawn(accept(listener, serving, connections.clone()));
        Self {
            url,
            requests,
            connections,
            endless,
        }
    }

    pub(crate) async fn answering(answer: Vec<u8>) -> Self {
        Self::start(move |_| Reply::Answer(answer.clone())).await
    }

    /// Sends bytes on a connection at once, before the runtime learns of them.
    pub(crate) fn push(&self, connection: usize, bytes: &[u8]) {
        let connections = self.connections.lock().unwrap();
        (&connections[&connection]).write_all(bytes).unwrap();
    }

    /// Closes a connection without an announcement.
    pub(crate) fn close(&self, connection: usize) {
        let connections = self.connections.lock().unwrap();
        connections[&connection].shutdown(Shutdown::Both).unwrap();
    }

    /// How many bytes of endless answers it has sent.
    pub(crate) fn endless_bytes(&self) -> usize {
        self.endless.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }
}

/// The open connections, for bytes that belong to no request.
type Connections = Arc<Mutex<HashMap<usize, std::net::TcpStream>>>;

type Replies = Arc<dyn Fn(&ReceivedRequest) -> Reply + Send + Sync>;

/// What all connections share.
#[derive(Clone)]
struct Serving {
    replies: Replies,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    endless: Arc<AtomicUsize>,
}

async fn accept(listener: TcpListener, serving: Serving, connections: Connections) {
    for connection in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        // Without this option the system holds small writes back.
        stream.set_nodelay(true).unwrap();
        let stream = stream.into_std().unwrap();
        let for_push = stream.try_clone().unwrap();
        connections.lock().unwrap().insert(connection, for_push);
        let stream = TcpStream::from_std(stream).unwrap();
        let served = serving.clone().serve(stream, connection);
        let connections = connections.clone();
        tokio::spawn(async move {
            served.await;
            connections.lock().unwrap().remove(&connection);
        });
    }
}

impl Serving {
    async fn serve(self, mut stream: TcpStream, connection: usize) {
        while let Some(mut request) = read(&mut stream, connection).await {
            {
                let mut requests = self.requests.lock().unwrap();
                request.is_first = requests.is_empty();
                requests.push(request.clone());
            }
            let (answer, keeps_open) = match (self.replies)(&request) {
                Reply::Answer(answer) => (answer, true),
                Reply::AnswerAndClose(answer) => (answer, false),
                Reply::Close => return,
                Reply::Nothing => std::future::pending().await,
                Reply::Endless(start, repeated) => {
                    return self.send_endless(stream, start, repeated).await;
                }
                Reply::Drip(start, repeated) => return drip(stream, start, repeated).await,
            };
            if stream.write_all(&answer).await.is_err() || !keeps_open {
                return;
            }
        }
    }

    /// Sends until the client closes the connection.
    async fn send_endless(&self, mut stream: TcpStream, start: &str, repeated: &str) {
        let mut bytes = [start.as_bytes(), &repeated.as_bytes().repeat(4096)].concat();
        while stream.write_all(&bytes).await.is_ok() {
            self.endless.fetch_add(bytes.len(), Ordering::Relaxed);
            bytes = repeated.as_bytes().repeat(4096);
        }
    }
}

/// Sends one byte after the other until the client closes the connection.
async fn drip(mut stream: TcpStream, start: &str, repeated: &str) {
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut bytes = start.bytes().chain(repeated.bytes().cycle());
    loop {
        pace.tick().await;
        let Some(byte) = bytes.next() else {
            return std::future::pending().await;
        };
        if stream.write_u8(byte).await.is_err() {
            return;
        }
    }
}

/// Reads the next request. Returns `None` if the client has closed the connection.
async fn read(stream: &mut TcpStream, connection: usize) -> Option<ReceivedRequest> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = ReceivedRequest {
                connection,
                head: head.to_owned(),
                body: body.to_owned(),
                is_first: false,
            };
            let length = request
                .header("content-length")
                .map_or(0, |text| text.parse().unwrap());
            if body.len() == length {
                return Some(request);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => text.push_str(std::str::from_utf8(&buffer[..length]).unwrap()),
        }
    }
}
