//! A HitPoints that quotes secrets in its answers, and puts card keys where they do not belong.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use hp_api::{
    AppSecret, date,
    sign::{Signer, flatten},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What it does with an order whose id is `H-` and this word. The sandbox gets the request first, so all of them are charged.
pub(crate) const TRICKS: [&str; 20] = [
    "final",
    "unmapped",
    "exists",
    "locked",
    "code-zero",
    "no-data",
    "status-500",
    "status-403",
    "redirect",
    "retry-after",
    "reason-phrase",
    "no-http",
    "no-json",
    "cut-json",
    "wrong-sign",
    "wrong-date",
    "key-in-status",
    "key-in-serial",
    "key-is-object",
    "pins-are-text",
];

/// It forwards everything else to the sandbox. Stops when dropped.
pub(crate) struct HostileVendor {
    addr: SocketAddr,
    server: JoinHandle<()>,
    signatures: Arc<Mutex<Vec<String>>>,
}

impl HostileVendor {
    /// Starts in front of the sandbox at this address, which has this secret.
    pub(crate) async fn start(vendor: SocketAddr, secret: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let signatures = Arc::<Mutex<Vec<_>>>::default();
        let (secret, seen) = (secret.to_owned(), Arc::clone(&signatures));
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (secret, seen) = (secret.clone(), Arc::clone(&seen));
                tokio::spawn(serve(client, vendor, secret, seen));
            }
        });
        Self {
            addr,
            server,
            signatures,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The signatures of all requests so far.
    pub(crate) fn signatures(&self) -> Vec<String> {
        self.signatures.lock().unwrap().clone()
    }
}

impl Drop for HostileVendor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    vendor: SocketAddr,
    secret: String,
    seen: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let request = read_request(&mut client).await?;
    let sign = header(&request, "sign").unwrap_or_default().to_owned();
    seen.lock().unwrap().push(sign.clone());
    let answer = forward(&request, vendor).await?;
    let trick = TRICKS.iter().find(|trick| {
        let id = format!("out_trade_id=H-{trick}&");
        request.contains(&id)
    });
    let answer = match trick {
        Some(trick) => distort(trick, &answer, &secret, &sign),
        None => answer,
    };
    client.write_all(&answer).await?;
    client.shutdown().await
}

/// The answer of this trick in place of the sandbox's own.
fn distort(trick: &str, answer: &[u8], secret: &str, sign: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let data = serde_json::from_str::<Value>(body).unwrap_or_default()["data"].clone();
    let key = data["order_pins"][0]["pin_key"]
        .as_str()
        .unwrap_or("none")
        .to_owned();
    let words = format!(
        "{key} {secret} sign={sign} key:{key},{}",
        &key[..key.len().min(9)]
    );
    let error = |code: i64| {
        let body = json!({"code": code, "message": words, "success": false});
        response("200 OK", "", &body.to_string())
    };
    let success = |data: &Value| {
        let (text, now) = (data.to_string(), date::format(SystemTime::now()));
        let signer = Signer::secret(AppSecret::from(secret.to_owned()));
        let sign = signer.sign(&flatten(text.as_bytes()).unwrap(), &now);
        let body = json!({"code": 200, "message": words, "success": true, "data": data});
        response(
            "200 OK",
            &format!("Sign: {sign}\r\nDate-GMT: {now}\r\n"),
            &body.to_string(),
        )
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut data = data.clone();
        if !data["order_pins"][0].is_object() {
            return error(400_100);
        }
        change(&mut data);
        success(&data)
    };
    match trick {
        "final" => error(400_100),
        "unmapped" => error(499_999),
        "exists" => error(400_104),
        "locked" => error(400_112),
        "code-zero" => error(0),
        "no-data" => {
            let body = json!({"code": 200, "message": words, "success": true, "data": null});
            response("200 OK", "", &body.to_string())
        }
        "status-500" => response("500 Internal Server Error", "", &words),
        "status-403" => response("403 Forbidden", "", &words),
        "redirect" => response(
            "302 Found",
            &format!("Location: http://{secret}/{key}\r\n"),
            &words,
        ),
        "retry-after" => response(
            "503 Unavailable",
            &format!("Retry-After: {key}\r\n"),
            &words,
        ),
        "reason-phrase" => response(&format!("500 {secret} {key}"), "", &words),
        "no-http" => format!("{key} {secret}\r\n{key}: {sign}\r\n\r\n").into_bytes(),
        "no-json" => response("200 OK", "", &words),
        "cut-json" => response("200 OK", "", &body[..body.len().min(900)]),
        "wrong-sign" => response(
            "200 OK",
            &format!("Sign: {key}{secret}\r\nDate-GMT: {key}\r\n"),
            body,
        ),
        "wrong-date" => {
            let when = format!("{key} {secret}");
            let signer = Signer::secret(AppSecret::from(secret.to_owned()));
            let sign = signer.sign(
                &flatten(data.to_string().as_bytes()).unwrap_or_default(),
                &when,
            );
            response(
                "200 OK",
                &format!("Sign: {sign}\r\nDate-GMT: {when}\r\n"),
                body,
            )
        }
        "key-in-status" => with(&|data| data["status"] = key.as_str().into()),
        "key-in-serial" => with(&|data| {
            let serial = data["order_pins"][0]["pin_sn"].as_str().unwrap_or_default();
            data["order_pins"][0]["pin_sn"] = format!("{serial}{key}").into();
        }),
        "key-is-object" => with(&|data| {
            data["order_pins"][0]["pin_key"] = json!({ key.as_str(): secret });
        }),
        "pins-are-text" => with(&|data| data["order_pins"] = words.as_str().into()),
        other => panic!("there is no trick {other}"),
    }
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

async fn forward(request: &str, vendor: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(vendor).await?;
    let closing = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await?;
    let mut answer = Vec::new();
    // Fails if the sandbox resets the connection, which is one of its faults.
    let _ = server.read_to_end(&mut answer).await;
    Ok(answer)
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn read_request(client: &mut TcpStream) -> std::io::Result<String> {
    let (mut request, mut chunk) = (String::new(), [0; 4096]);
    loop {
        let length = client.read(&mut chunk).await?;
        request.push_str(&String::from_utf8_lossy(&chunk[..length]));
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((&request, ""));
        let wanted = header(head, "content-length").and_then(|length| length.parse().ok());
        let is_complete = head.len() < request.len() && body.len() >= wanted.unwrap_or(0);
        if length == 0 || is_complete {
            return Ok(request);
        }
    }
}
