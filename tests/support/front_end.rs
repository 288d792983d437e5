//! A front end of HitPoints: it forwards requests, or answers them itself.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the front end does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Forwards it, and the answer.
    Vendor,
    /// Answers HTTP 403 itself. The vendor never gets the request.
    Forbidden,
    /// Forwards the request, and answers HTTP 403 in place of the vendor.
    ForbiddenAfter,
    /// Answers HTTP 500 itself.
    Failure,
    /// Answers with a web page itself.
    Page,
    /// Answers with a redirect itself.
    Redirect,
    /// Never answers.
    Silence,
    /// Answers this code itself.
    Code(i64),
    /// Forwards the request, and answers this code in place of the vendor.
    CodeAfter(i64),
}

/// An HTTP server in front of the vendor. Each connection carries one request.
pub struct FrontEnd {
    addr: SocketAddr,
    server: JoinHandle<()>,
}

impl FrontEnd {
    /// Starts a front end of the vendor at this address. `rule` sees the whole request: request line, head and body.
    pub async fn start(
        vendor: SocketAddr,
        rule: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let rule: Rule = Arc::new(rule);
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, vendor, Arc::clone(&rule)));
            }
        });
        Self { addr, server }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Rule = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

async fn answer(mut client: TcpStream, vendor: SocketAddr, rule: Rule) -> std::io::Result<()> {
    let request = read_request(&mut client).await?;
    let answer = match rule(&request) {
        Reply::Vendor => forward(&request, vendor).await?,
        Reply::Forbidden => forbidden(),
        Reply::ForbiddenAfter => {
            forward(&request, vendor).await?;
            forbidden()
        }
        Reply::Failure => response("500 Internal Server Error", "text/plain", ""),
        Reply::Page => response("200 OK", "text/html", "<html>Welcome</html>"),
        Reply::Redirect => response("302 Found", "text/html", ""),
        Reply::Silence => std::future::pending().await,
        Reply::Code(code) => refusal(code),
        Reply::CodeAfter(code) => {
            forward(&request, vendor).await?;
            refusal(code)
        }
    };
    client.write_all(&answer).await?;
    client.shutdown().await
}

async fn forward(request: &str, vendor: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(vendor).await?;
    let closing = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

fn forbidden() -> Vec<u8> {
    let body = "<html><h1>403 Forbidden</h1></html>";
    response("403 Forbidden", "text/html", body)
}

fn refusal(code: i64) -> Vec<u8> {
    let body = format!(r#"{{"code":{code},"message":"refused","success":false}}"#);
    response("200 OK", "application/json", &body)
}

fn response(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

async fn read_request(client: &mut TcpStream) -> std::io::Result<String> {
    let (mut request, mut chunk) = (String::new(), [0; 4096]);
    loop {
        let length = client.read(&mut chunk).await?;
        request.push_str(&String::from_utf8_lossy(&chunk[..length]));
        if length == 0 || is_complete(&request) {
            return Ok(request);
        }
    }
}

fn is_complete(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| {
        let digits = rest.lines().next()?;
        digits.trim().parse::<usize>().ok()
    });
    body.len() >= length.unwrap_or(0)
}
