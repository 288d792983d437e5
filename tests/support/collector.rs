//! A collector of traces: OTLP over HTTP.

use std::{collections::HashMap, fmt::Write, net::SocketAddr, sync::Arc};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::TIMEOUT;

/// What a collector does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collecting {
    /// Keeps the spans and answers 200.
    Accept,
    /// Answers this HTTP status.
    Refuse(u16),
    /// Never answers.
    Hang,
    /// Answers this HTTP status, and of the body that it announces it sends the first byte only.
    NeverFinish(u16),
    /// Closes the connection without an answer.
    Close,
}

/// A span, and the process that it comes from.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names are those of OpenTelemetry")]
pub struct ExportedSpan {
    pub name: String,
    /// In hex, as all ids.
    pub trace_id: String,
    pub span_id: String,
    /// Empty for a root.
    pub parent_id: String,
    /// A word such as `CONSUMER`.
    pub kind: String,
    pub attributes: HashMap<String, String>,
    pub resource: HashMap<String, String>,
    /// The trace and the span of each link.
    pub links: Vec<(String, String)>,
    /// The names of events.
    pub events: Vec<String>,
    pub is_error: bool,
    /// Unix ns.
    pub start: u64,
    pub end: u64,
}

impl ExportedSpan {
    /// The value of an attribute as text. Empty if there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// What a collector has got.
#[derive(Clone, Default)]
struct Got {
    connections: usize,
    /// The request line and the headers of each request.
    heads: Vec<String>,
    /// The bodies of all requests.
    bodies: Vec<Vec<u8>>,
    spans: Vec<ExportedSpan>,
}

/// An HTTP server that keeps the spans that it gets. Stops when dropped.
pub struct Collector {
    addr: SocketAddr,
    got: watch::Receiver<Got>,
    behaviour: Arc<watch::Sender<Collecting>>,
    server: JoinHandle<()>,
}

impl Collector {
    /// Starts a collector that accepts everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, got) = watch::channel(Got::default());
        let behaviour = Arc::new(watch::Sender::new(Collecting::Accept));
        let (sender, shared) = (Arc::new(sender), Arc::clone(&behaviour));
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                sender.send_modify(|got| got.connections += 1);
                tokio::spawn(serve(client, shared.subscribe(), Arc::clone(&sender)));
            }
        });
        Self {
            addr,
            got,
            behaviour,
            server,
        }
    }

    /// Its address, as a setting has it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on, does this with each request.
    pub fn behave(&self, behaviour: Collecting) {
        self.behaviour.send_replace(behaviour);
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.got.borrow().connections
    }

    /// The request lines and headers so far.
    pub fn heads(&self) -> Vec<String> {
        self.got.borrow().heads.clone()
    }

    /// The bodies of all requests so far.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.got.borrow().bodies.clone()
    }

    /// The spans so far, in the order of their arrival.
    pub fn spans(&self) -> Vec<ExportedSpan> {
        self.got.borrow().spans.clone()
    }

    /// The spans of an order so far, by the time at which they begin.
    pub fn spans_of(&self, id: &str) -> Vec<ExportedSpan> {
        let mut spans = self.spans();
        spans.retain(|span| span.attribute("messaging.message.id") == id);
        spans.sort_by_key(|span| span.start);
        spans
    }

    /// Waits until it has got a request.
    pub async fn wait_for_request(&self) {
        self.wait(|got| !got.heads.is_empty()).await;
    }

    /// Waits until it has got `n` spans of an order with this name, and returns them by the time at which they begin.
    pub async fn wait_for(&self, id: &str, name: &str, n: usize) -> Vec<ExportedSpan> {
        let find = || {
            let mut spans = self.spans_of(id);
            spans.retain(|span| span.name == name);
            spans
        };
        self.wait(|_| find().len() >= n).await;
        find()
    }

    async fn wait(&self, mut is_there: impl FnMut(&Got) -> bool) {
        let mut got = self.got.clone();
        let waited = tokio::time::timeout(TIMEOUT, async {
            loop {
                let seen = got.borrow_and_update().clone();
                if is_there(&seen) {
                    return;
                }
                got.changed().await.unwrap();
            }
        });
        let names: Vec<_> = self.spans().into_iter().map(|span| span.name).collect();
        waited.await.unwrap_or_else(|_| {
            panic!("timeout while waiting for spans; there were {names:?} at first")
        });
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    behaviour: watch::Receiver<Collecting>,
    got: Arc<watch::Sender<Got>>,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let (head, body) = read(&mut client, &mut buffer).await?;
        let behaves = *behaviour.borrow();
        let spans = match behaves {
            Collecting::Accept | Collecting::NeverFinish(200) => spans(&body),
            _ => Vec::new(),
        };
        got.send_modify(|got| {
            got.heads.push(head);
            got.bodies.push(body);
            got.spans.extend(spans);
        });
        let (status, length) = match behaves {
            Collecting::Accept => (200, 0),
            Collecting::Refuse(status) => (status, 0),
            Collecting::NeverFinish(status) => (status, 60_000),
            Collecting::Hang => return std::future::pending().await,
            Collecting::Close => return None,
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/x-protobuf\r\nContent-Length: {length}\r\n\r\n"
        );
        client.write_all(answer.as_bytes()).await.ok()?;
        if length > 0 {
            client.write_all(b"x").await.ok()?;
            // Until the client goes away. Nothing more is answered here.
            while read(&mut client, &mut buffer).await.is_some() {}
            return None;
        }
    }
}

async fn read(client: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(request) = take_request(buffer) {
            return Some(request);
        }
        if client.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Takes a whole request out of the buffer.
fn take_request(buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let head_end = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = lengths.next()?.1.parse().unwrap();
    let (start, end) = (head_end + 4, head_end + 4 + length);
    let body = buffer.get(start..end)?.to_vec();
    buffer.drain(..end);
    Some((head, body))
}

fn spans(body: &[u8]) -> Vec<ExportedSpan> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for process in request.resource_spans {
        let resource = words(process.resource.unwrap_or_default().attributes);
        for scope in process.scope_spans {
            let exported = scope.spans.into_iter().map(|span| ExportedSpan {
                resource: resource.clone(),
                ..exported(span)
            });
            spans.extend(exported);
        }
    }
    spans
}

fn exported(span: v1::Span) -> ExportedSpan {
    let links = span.links.iter();
    let status = span.status.clone().unwrap_or_default();
    ExportedSpan {
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        kind: span
            .kind()
            .as_str_name()
            .trim_start_matches("SPAN_KIND_")
            .into(),
        links: links
            .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
            .collect(),
        is_error: status.code() == v1::status::StatusCode::Error,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        events: span.events.into_iter().map(|event| event.name).collect(),
        attributes: words(span.attributes),
        name: span.name,
        resource: HashMap::new(),
    }
}

fn words(pairs: Vec<KeyValue>) -> HashMap<String, String> {
    let pairs = pairs.into_iter();
    pairs.map(|pair| (pair.key, word(pair.value))).collect()
}

fn word(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is_true)) => is_true.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
