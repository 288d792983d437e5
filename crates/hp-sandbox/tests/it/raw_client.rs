//! A client that can send invalid requests and sees the raw answer.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use hp_api::sign::{Signer, Verifier, flatten};
use hp_api::{AppSecret, date};
use hp_sandbox::Sandbox;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The outcome of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Answer),
    /// The connection closed before the first byte of an answer.
    Closed,
    Reset,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// A signed request whose parts a test can change before it is sent.
pub(crate) struct Call {
    addr: SocketAddr,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) fn secret() -> AppSecret {
    AppSecret::from("demo-secret".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox compares dates with the real clock"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn fetch(sandbox: &Sandbox, id: &str, product: u64, quantity: u32) -> Call {
    let params = vec![
        ("out_trade_id", id.to_owned()),
        ("product_id", product.to_string()),
        ("quantity", quantity.to_string()),
    ];
    Call::new(sandbox, "POST", "/v1/pin/fetch", params)
}

pub(crate) fn query(sandbox: &Sandbox, id: &str) -> Call {
    let params = vec![("out_trade_id", id.to_owned())];
    Call::new(sandbox, "GET", "/v1/order/query", params)
}

pub(crate) fn pin(sandbox: &Sandbox, serial: &str) -> Call {
    Call::new(
        sandbox,
        "GET",
        "/v1/pin/query",
        vec![("pin_sn", serial.to_owned())],
    )
}

pub(crate) fn items(sandbox: &Sandbox, params: Vec<(&'static str, String)>) -> Call {
    Call::new(sandbox, "GET", "/v1/items", params)
}

impl Call {
    fn new(
        sandbox: &Sandbox,
        method: &'static str,
        path: &'static str,
        mut params: Vec<(&'static str, String)>,
    ) -> Self {
        params.push(("random_key", "a1B2c3D4e5F6g7H8".to_owned()));
        let call = Self {
            addr: sandbox.addr(),
            method,
            path,
            params,
            headers: Vec::new(),
        };
        call.signed(&Signer::secret(secret()), &date::format(now()))
    }

    /// Signs the current parameters.
    pub(crate) fn signed(mut self, signer: &Signer, date: &str) -> Self {
        let object: serde_json::Map<String, Value> = self
            .params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect();
        let json = Value::Object(object).to_string();
        let sign = signer.sign(&flatten(json.as_bytes()).unwrap(), date);
        self.headers = vec![
            ("APPID", "demo".to_owned()),
            ("Date-GMT", date.to_owned()),
            ("Sign", sign),
            (
                "Content-Type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        self
    }

    /// Replaces a parameter and signs again.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.params.retain(|(known, _)| *known != name);
        self.params.push((name, value.to_owned()));
        self.signed(&Signer::secret(secret()), &date::format(now()))
    }

    /// Removes a parameter and signs again.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.params.retain(|(known, _)| *known != name);
        self.signed(&Signer::secret(secret()), &date::format(now()))
    }

    /// Replaces a header and keeps the signature.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self = self.no_header(name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn no_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub(crate) async fn send(self) -> Outcome {
        let (target, body) = self.target_and_body();
        exchange(self.addr, self.method, &target, &self.headers, &body).await
    }

    /// Sends the request on a connection that stays open, and reads until `count` answers have arrived.
    pub(crate) async fn answers(self, count: usize) -> Vec<Answer> {
        let (target, body) = self.target_and_body();
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let text = request_text(self.method, &target, &self.headers, &body);
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut received = String::new();
        loop {
            let answers: Vec<_> = received.split_inclusive("HTTP/1.1 ").skip(1).collect();
            if answers.len() == count && answers[count - 1].ends_with('}') {
                return answers.into_iter().map(Answer::parse_rest).collect();
            }
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).await.unwrap();
            assert!(length > 0, "closed after {received}");
            received.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
    }

    fn target_and_body(&self) -> (String, String) {
        let encoded: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.params)
            .finish();
        match self.method {
            "GET" => (format!("{}?{encoded}", self.path), String::new()),
            _ => (self.path.to_owned(), encoded),
        }
    }

    /// Sends the request and returns the answer. A broken connection fails the test.
    pub(crate) async fn answer(self) -> Answer {
        match self.send().await {
            Outcome::Answer(answer) => answer,
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    /// Sends the request and returns the code of the answer.
    pub(crate) async fn code(self) -> i64 {
        self.answer().await.code()
    }
}

/// Sends one request on a new connection and returns the outcome.
pub(crate) async fn exchange(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, String)],
    body: &str,
) -> Outcome {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let headers = [headers, &[("Connection", "close".to_owned())]].concat();
    let text = request_text(method, target, &headers, body);
    let mut received = Vec::new();
    // A reset during the write appears again during the read.
    let _ = stream.write_all(text.as_bytes()).await;
    match stream.read_to_end(&mut received).await {
        Err(why) if why.kind() == ErrorKind::ConnectionReset => Outcome::Reset,
        Err(why) => panic!("{why}"),
        Ok(0) => Outcome::Closed,
        Ok(_) => Outcome::Answer(Answer::parse(&String::from_utf8(received).unwrap())),
    }
}

fn request_text(method: &str, target: &str, headers: &[(&str, String)], body: &str) -> String {
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: sandbox\r\n{}Content-Length: {}\r\n\r\n{body}",
        lines.concat(),
        body.len()
    )
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head[9..12].parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Parses an answer from the status on. The start of the next answer may follow.
    fn parse_rest(text: &str) -> Self {
        let text = text.strip_suffix("HTTP/1.1 ").unwrap_or(text);
        Self::parse(&format!("HTTP/1.1 {text}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }

    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub(crate) fn pins(&self) -> Vec<Value> {
        self.data()["order_pins"].as_array().unwrap().clone()
    }

    /// Returns `true` if the signature matches the data and the date.
    pub(crate) fn is_signed_by(&self, verifier: &Verifier) -> bool {
        let envelope: std::collections::HashMap<&str, &RawValue> =
            serde_json::from_str(&self.body).unwrap();
        let flat = flatten(envelope["data"].get().as_bytes()).unwrap();
        let (date, sign) = (
            self.header("date-gmt").unwrap(),
            self.header("sign").unwrap(),
        );
        verifier.verify(&flat, date, sign).is_ok()
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.is_signed_by(&Verifier::secret(secret()))
    }

    /// Returns the age of the answer's date.
    pub(crate) fn age(&self) -> Duration {
        let dated = date::parse(self.header("date-gmt").unwrap()).unwrap();
        now().duration_since(dated).unwrap_or_default()
    }
}
