//! A receiver of notifications.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::TIMEOUT;

/// What a receiver does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Answers this HTTP status.
    Status(u16),
    /// Answers this HTTP status, with `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// Answers 302 with the same address.
    Redirect,
    /// Never answers.
    Hang,
    /// Closes the connection without an answer.
    Close,
    /// Answers 200, and never ends the body.
    Endless,
}

/// A message as the receiver got it.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
    /// Whether the receiver has accepted it.
    pub is_accepted: bool,
}

impl Notification {
    /// The value of a header. Empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
            .unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Rule = dyn Fn(&Notification) -> Reception + Send + Sync;

/// An HTTP server that keeps what it gets. Stops when dropped.
pub struct Receiver {
    addr: SocketAddr,
    got: watch::Receiver<Vec<Notification>>,
    rule: Arc<watch::Sender<Arc<Rule>>>,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Starts a receiver that accepts everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, got) = watch::channel(Vec::new());
        let accept: Arc<Rule> = Arc::new(|_| Reception::Status(204));
        let rule = Arc::new(watch::Sender::new(accept));
        let (sender, rules) = (Arc::new(sender), Arc::clone(&rule));
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let rule = Arc::clone(&rules);
                tokio::spawn(serve(client, rule, Arc::clone(&sender)));
            }
        });
        Self {
            addr,
            got,
            rule,
            server,
        }
    }

    /// Its address. The path is a secret.
    pub fn url(&self) -> String {
        format!("http://{}/hooks/SECRET-TOKEN", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on, does this with each message.
    pub fn answer(&self, rule: impl Fn(&Notification) -> Reception + Send + Sync + 'static) {
        self.rule.send_replace(Arc::new(rule));
    }

    /// All messages so far.
    pub fn all(&self) -> Vec<Notification> {
        self.got.borrow().clone()
    }

    /// The messages so far that it has accepted.
    pub fn accepted(&self) -> Vec<Notification> {
        let all = self.all().into_iter();
        all.filter(|message| message.is_accepted).collect()
    }

    /// Waits until `look` returns a value for the messages so far.
    pub async fn wait_until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&[Notification]) -> Option<T>,
    ) -> T {
        let mut got = self.got.clone();
        let looking = async {
            loop {
                if let Some(seen) = look(&got.borrow_and_update()) {
                    return seen;
                }
                got.changed().await.unwrap();
            }
        };
        tokio::time::timeout(TIMEOUT, looking)
            .await
            .unwrap_or_else(|_| panic!("timeout while waiting for {what}: {:#?}", self.all()))
    }

    /// Waits for `n` messages that it accepts.
    pub async fn wait_for(&self, n: usize) -> Vec<Notification> {
        let enough = |all: &[Notification]| {
            let accepted = all.iter().filter(|one| one.is_accepted).cloned();
            let accepted: Vec<_> = accepted.collect();
            (accepted.len() >= n).then_some(accepted)
        };
        self.wait_until(&format!("{n} messages"), enough).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    rule: Arc<watch::Sender<Arc<Rule>>>,
    got: Arc<watch::Sender<Vec<Notification>>>,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let mut message = read(&mut client, &mut buffer).await?;
        let rule = Arc::clone(&rule.borrow());
        let reception = rule(&message);
        message.is_accepted = match reception {
            Reception::Status(status) | Reception::RetryAfter(status, _) => status / 100 == 2,
            Reception::Endless => true,
            Reception::Redirect | Reception::Hang | Reception::Close => false,
        };
        got.send_modify(|all| all.push(message));
        let head = match reception {
            Reception::Status(status) => format!("HTTP/1.1 {status} X\r\n"),
            Reception::RetryAfter(status, seconds) => {
                format!("HTTP/1.1 {status} X\r\nRetry-After: {seconds}\r\n")
            }
            Reception::Redirect => "HTTP/1.1 302 X\r\nLocation: /elsewhere\r\n".into(),
            Reception::Close => return None,
            Reception::Hang => return std::future::pending().await,
            Reception::Endless => {
                let head = "HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\nx";
                client.write_all(head.as_bytes()).await.ok()?;
                return std::future::pending().await;
            }
        };
        let answer = format!("{head}Content-Length: 0\r\n\r\n");
        client.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn read(client: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Notification> {
    loop {
        if let Some(message) = parse(buffer) {
            return Some(message);
        }
        let mut chunk = [0; 4096];
        match client.read(&mut chunk).await.ok()? {
            0 => return None,
            length => buffer.extend_from_slice(&chunk[..length]),
        }
    }
}

/// Takes a whole request out of the buffer.
fn parse(buffer: &mut Vec<u8>) -> Option<Notification> {
    let text = String::from_utf8_lossy(buffer).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let mut message = Notification {
        head: head.into(),
        body: String::new(),
        is_accepted: false,
    };
    let length: usize = message.header("content-length").parse().unwrap_or(0);
    let (start, end) = (head.len() + 4, head.len() + 4 + length);
    let body = buffer.get(start..end)?;
    message.body = String::from_utf8(body.to_vec()).unwrap();
    buffer.drain(..end);
    Some(message)
}
