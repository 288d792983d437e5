//! Refuses requests that have no token, that carry a body, or that a web page has sent to this machine.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::HttpBody,
    extract::Request,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, HOST},
        uri::Authority,
    },
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::config::Hidden;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request names a host other than this machine.
    Host,
    /// It has no token, or a wrong one.
    Token,
    /// It has a body.
    Body,
}

impl Refusal {
    /// The label in the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Token => "token",
            Self::Body => "body",
        }
    }

    pub(super) fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "use localhost or an IP address as the name of this machine\n",
            ),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "send the token of admin.token: Authorization: Bearer TOKEN\n",
            ),
            Self::Body => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "send the request without a body\n",
            ),
        }
    }
}

/// Decides whether a request is answered.
pub(super) struct Guard {
    is_loopback: bool,
    token: Option<Zeroizing<Vec<u8>>>,
}

impl Guard {
    /// The guard of a server at this address.
    pub(super) fn new(address: SocketAddr, token: Option<&Hidden>) -> Self {
        Self {
            is_loopback: address.ip().to_canonical().is_loopback(),
            token: token.map(|token| Zeroizing::new(token.expose().into())),
        }
    }

    /// Returns why the request is refused, if it is.
    pub(super) fn refusal(&self, request: &Request) -> Option<Refusal> {
        if self.is_loopback && !names_this_machine(request) {
            Some(Refusal::Host)
        } else if !self.has_token(request.headers()) {
            Some(Refusal::Token)
        } else if !request.body().is_end_stream() {
            Some(Refusal::Body)
        } else {
            None
        }
    }

    /// `true` if the request has the token, or none is needed. The time that it takes tells nothing about the token but its
    /// length.
    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        only(headers.get_all(AUTHORIZATION).iter())
            .and_then(|value| bearer_token(value.as_bytes()))
            .is_some_and(|sent| sent.ct_eq(token).into())
    }
}

/// Returns the token in the value of an `Authorization` header. The scheme is not case-sensitive.
fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
    is_bearer.then(|| token.trim_ascii_start())
}

/// A web page can make a browser on this machine send requests here, under a name of its own that it resolves to this machine.
/// It cannot do so under `localhost` or an IP address.
fn names_this_machine(request: &Request) -> bool {
    let host = only(request.headers().get_all(HOST).iter());
    let host = host.and_then(|host| host.as_bytes().try_into().ok());
    let target = request.uri().authority();
    host.as_ref().is_some_and(is_local_name) && target.is_none_or(is_local_name)
}

fn is_local_name(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

/// Returns the item if there is exactly one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn guard(address: &str, token: Option<&str>) -> Guard {
        let token = token.map(|token| Hidden::from(token.to_owned()));
        Guard::new(address.parse().unwrap(), token.as_ref())
    }

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn loopback_server_answers_no_foreign_name() {
        let guard = guard("127.0.0.1:9464", None);
        for host in ["localhost", "LOCALHOST:9464", "127.0.0.1:1", "[::1]:9464"] {
            let request = request("/metrics", &[("Host", host)]);
            assert_eq!(guard.refusal(&request), None, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:9464",
            "evil.example@127.0.0.1.nip.example",
            "",
            ":9464",
            "[::1",
        ] {
            let request = request("/metrics", &[("Host", host)]);
            assert_eq!(guard.refusal(&request), Some(Refusal::Host), "{host}");
        }
    }

    #[test]
    fn host_is_named_once_and_in_one_place() {
        let guard = guard("127.0.0.1:9464", None);
        let local = ("Host", "localhost");
        for request in [
            request("/metrics", &[]),
            request("/metrics", &[local, local]),
            request("/metrics", &[local, ("Host", "evil.example")]),
            request("http://evil.example/metrics", &[local]),
        ] {
            assert_eq!(guard.refusal(&request), Some(Refusal::Host), "{request:?}");
        }
        let absolute = request("http://127.0.0.1:9464/metrics", &[local]);
        assert_eq!(guard.refusal(&absolute), None);
    }

    #[test]
    fn token_is_compared_as_a_whole() {
        let guard = guard("0.0.0.0:9464", Some(TOKEN));
        let check = |values: &[&str]| {
            let headers: Vec<_> = values
                .iter()
                .map(|value| ("Authorization", *value))
                .collect();
            guard.refusal(&request("/metrics", &headers))
        };
        let right = format!("Bearer {TOKEN}");
        for value in [&right, &format!("bEARER   {TOKEN}")] {
            assert_eq!(check(&[value]), None, "{value}");
        }
        for values in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &[TOKEN],
            &["Bearer 0123456789abcdee"],
            &["Bearer 0123456789abcde"],
            &["Bearer 0123456789abcdef0"],
            &["Bearer 0123456789ABCDEF"],
            &["Basic 0123456789abcdef"],
            &[&right, &right],
            &[&right, "Bearer wrong"],
        ] {
            assert_eq!(check(values), Some(Refusal::Token), "{values:?}");
        }
    }

    #[test]
    fn body_is_refused_after_the_token() {
        let guard = guard("0.0.0.0:9464", Some(TOKEN));
        let request = |token: &str| {
            Request::post("/metrics")
                .header("Authorization", format!("Bearer {token}"))
                .body(Body::from("a=1"))
                .unwrap()
        };
        assert_eq!(guard.refusal(&request(TOKEN)), Some(Refusal::Body));
        assert_eq!(guard.refusal(&request("wrong")), Some(Refusal::Token));
    }
}
