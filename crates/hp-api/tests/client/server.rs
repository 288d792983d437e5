use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A bare HTTP server that does to each request what a test says, and remembers all of them.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What to do about a request.
pub(crate) enum Reply {
    Answer(Vec<u8>),
    AnswerAndClose(Vec<u8>),
    Close,
    Silence,
}

impl Seen {
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
    pub(crate) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(accept(listener, Arc::new(reply), seen.clone()));
        Self { url, seen }
    }

    pub(crate) async fn answering(answer: Vec<u8>) -> Self {
        Self::start(move |_| Reply::Answer(answer.clone())).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

type Replies = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

async fn accept(listener: TcpListener, replies: Replies, seen: Arc<Mutex<Vec<Seen>>>) {
    for connection in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, connection, replies.clone(), seen.clone()));
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    replies: Replies,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(request) = read(&mut stream, connection).await {
        seen.lock().unwrap().push(request.clone());
        let (answer, goes_on) = match replies(&request) {
            Reply::Answer(answer) => (answer, true),
            Reply::AnswerAndClose(answer) => (answer, false),
            Reply::Close => return,
            Reply::Silence => std::future::pending().await,
        };
        if stream.write_all(&answer).await.is_err() || !goes_on {
            return;
        }
    }
}

/// The next request; none when the client has gone.
async fn read(stream: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let seen = Seen {
                connection,
                head: head.to_owned(),
                body: body.to_owned(),
            };
            let length = seen
                .header("content-length")
                .map_or(0, |text| text.parse().unwrap());
            if body.len() == length {
                return Some(seen);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => text.push_str(std::str::from_utf8(&buffer[..length]).unwrap()),
        }
    }
}
