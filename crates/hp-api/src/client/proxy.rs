//! Connections through an HTTP proxy, with the method CONNECT.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Uri;
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;
use zeroize::Zeroizing;

use super::build_error::BuildError;

/// The longest head of an answer of a proxy, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// An HTTP proxy. Prints without its password.
#[derive(Clone)]
pub(super) struct Proxy {
    uri: Uri,
    /// The value of the header `Proxy-Authorization`.
    authorization: Option<Zeroizing<String>>,
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`. No error quotes the address, because it may have a password.
    pub(super) fn parse(text: &str) -> Result<Self, BuildError> {
        let url = Url::parse(text).map_err(|error| unusable(&format!("is not a URL: {error}")))?;
        let host = check(&url)?;
        let uri = format!(
            "http://{host}:{}",
            url.port_or_known_default().unwrap_or(80)
        );
        Ok(Self {
            uri: uri.parse().map_err(|_| unusable("has an unusable host"))?,
            authorization: authorization(&url),
        })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Asks the proxy for a connection to `target`, a host with its port.
    pub(super) async fn open_tunnel(
        &self,
        tcp: &mut TcpStream,
        target: &str,
    ) -> Result<(), String> {
        tcp.write_all(self.request(target).as_bytes())
            .await
            .map_err(|error| format!("the proxy {self} closed the connection: {error}"))?;
        let head = read_head(tcp)
            .await
            .map_err(|why| format!("the proxy {self} {why}"))?;
        match status(&head) {
            Some(200..=299) => Ok(()),
            Some(status) => Err(format!(
                "the proxy {self} answered {status}: {}",
                remedy(status, target, self.authorization.is_some())
            )),
            None => Err(format!("{self} does not answer like an HTTP proxy")),
        }
    }

    fn request(&self, target: &str) -> Zeroizing<String> {
        let authorization = self
            .authorization
            .as_ref()
            .map_or_else(Zeroizing::default, |value| {
                Zeroizing::new(format!("Proxy-Authorization: {}\r\n", **value))
            });
        let authorization = authorization.as_str();
        Zeroizing::new(format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n"
        ))
    }
}

/// Returns the host of a usable address.
fn check(url: &Url) -> Result<&str, BuildError> {
    let why = match (url.scheme(), url.host_str()) {
        ("https", _) => {
            "is https://, but the connection to the proxy itself is plain HTTP; write http://"
        }
        ("http", Some(host))
            if url.path() == "/" && url.query().is_none() && url.fragment().is_none() =>
        {
            return Ok(host);
        }
        ("http", Some(_)) => {
            "has a path, query or fragment; remove it. In a user or password write %2F, %3F, %23 and %40 for / ? # and @"
        }
        _ => "is not http://host:port; no other kind of proxy is supported",
    };
    Err(unusable(why))
}

fn authorization(url: &Url) -> Option<Zeroizing<String>> {
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return None;
    }
    let mut login = Zeroizing::new(percent_decode_str(url.username()).collect::<Vec<_>>());
    login.push(b':');
    login.extend(percent_decode_str(password));
    Some(Zeroizing::new(format!(
        "Basic {}",
        STANDARD.encode(&*login)
    )))
}

/// Reads the head of the answer. Nothing may follow it, because the client speaks first.
async fn read_head(tcp: &mut TcpStream) -> Result<Vec<u8>, String> {
    const END: &[u8] = b"\r\n\r\n";
    let mut head = Vec::new();
    while !head.ends_with(END) {
        match tcp.read_buf(&mut head).await {
            Ok(0) => return Err("closed the connection without an answer".into()),
            Ok(_) => {}
            Err(error) => return Err(format!("closed the connection: {error}")),
        }
        let end = head.windows(END.len()).position(|bytes| bytes == END);
        if end.is_some_and(|at| at + END.len() < head.len()) {
            return is_refusal(head);
        }
        if head.len() > MAX_HEAD {
            return Err("sent an answer that is too long".into());
        }
    }
    Ok(head)
}

/// A refusal may have a body. A tunnel with bytes that nobody asked for is unusable.
fn is_refusal(head: Vec<u8>) -> Result<Vec<u8>, String> {
    match status(&head) {
        Some(200..=299) => Err("sent bytes that nobody asked for".into()),
        _ => Ok(head),
    }
}

/// Reads the status of `HTTP/1.1 200 Connection established`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = str::from_utf8(line).ok()?.split(' ');
    words
        .next()
        .filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

fn remedy(status: u16, target: &str, has_login: bool) -> String {
    match status {
        407 if has_login => "it does not accept this user and password".into(),
        407 => "it wants a user and a password; give them in its address: http://user:password@host:port".into(),
        401 | 403 | 405 => format!("it does not allow a connection to {target}; ask who runs it"),
        502..=504 => format!("it cannot reach {target}"),
        _ => format!("it opens no connection to {target}"),
    }
}

fn unusable(why: &str) -> BuildError {
    BuildError::Proxy(why.to_owned())
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.uri
                .authority()
                .map_or("", |authority| authority.as_str()),
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_address_is_read_without_its_login() {
        let proxy = Proxy::parse("http://shop:p%40ss%2Fw@proxy:3128").unwrap();
        assert_eq!(
            (proxy.to_string(), proxy.uri.port_u16()),
            ("proxy:3128".into(), Some(3128))
        );
        // shop:p@ss/w
        assert_eq!(
            **proxy.authorization.as_ref().unwrap(),
            "Basic c2hvcDpwQHNzL3c="
        );
        assert_eq!(
            Proxy::parse("http://proxy").unwrap().to_string(),
            "proxy:80"
        );
        assert_eq!(
            Proxy::parse("http://[::1]:3128/").unwrap().to_string(),
            "[::1]:3128"
        );
    }

    #[test]
    fn unusable_proxy_address_is_not_quoted() {
        for (address, reason) in [
            ("https://shop:hunter2@proxy:3128", "plain HTTP"),
            ("socks5://shop:hunter2@proxy:1080", "no other kind"),
            ("proxy:3128", "no other kind"),
            ("shop:hunter2@proxy:3128", "no other kind"),
            ("http://shop:hunter2@proxy:3128/path", "%2F"),
            ("http://shop:hunt/er2@proxy:3128", "not a URL"),
            ("http://shop:hunt#er2@proxy:3128", "not a URL"),
            ("", "not a URL"),
        ] {
            let Err(error) = Proxy::parse(address) else {
                panic!("{address} is accepted")
            };
            let error = error.to_string();
            assert!(
                error.contains(reason) && !error.contains("hunt"),
                "{address}: {error}"
            );
        }
    }
}
