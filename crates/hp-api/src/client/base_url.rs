use std::net::IpAddr;

use url::Url;

use super::build_error::BuildError;

/// The hosts of the vendor.
const OFFICIAL: [&str; 2] = ["api.hitpoints.com", "api.sandbox.hitpoints.com"];

/// Parses `https://host[:port]`, or `http://` to this machine. The host must be one of the vendor, this machine or `other_host`.
pub(super) fn parse(text: &str, other_host: Option<&str>) -> Result<Url, BuildError> {
    let url = Url::parse(text).map_err(|why| error(&format!("is not a URL: {why}")))?;
    check_scheme(&url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error("has a user or password, which the API does not use"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(error("has a query or fragment; remove it"));
    }
    if url.path() != "/" {
        return Err(error(
            "has a path; remove it, because the paths of the API are absolute",
        ));
    }
    check_host(&url, other_host)?;
    Ok(url)
}

/// A mistyped host would get signed orders, and may have a valid certificate of its own.
fn check_host(url: &Url, other_host: Option<&str>) -> Result<(), BuildError> {
    let host = url.host_str().unwrap_or_default();
    let is_other = other_host.is_some_and(|other| other.eq_ignore_ascii_case(host));
    if is_other || OFFICIAL.contains(&host) || is_loopback(url) {
        return Ok(());
    }
    Err(BuildError::ForeignHost(host.to_owned()))
}

fn check_scheme(url: &Url) -> Result<(), BuildError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(error("is http:// to another machine; use https://")),
        _ => Err(error("is neither https:// nor http://")),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

fn error(why: &str) -> BuildError {
    BuildError::BaseUrl(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{BuildError, parse};

    #[test]
    fn vendor_and_this_machine_are_accepted() {
        for base in [
            "https://api.hitpoints.com",
            "https://API.hitpoints.com:8443/",
            "https://api.sandbox.hitpoints.com",
            "http://127.0.0.1:8700",
            "https://127.0.0.1:8700",
            "http://127.8.9.1",
            "http://[::1]:8700",
            "https://[::1]:8700",
            "http://localhost:8700",
            "https://localhost",
        ] {
            assert!(parse(base, None).is_ok(), "{base}");
            assert!(parse(base, Some("relay.example.com")).is_ok(), "{base}");
        }
    }

    #[test]
    fn foreign_host_needs_a_permission() {
        for host in [
            "open-api.hitpoints.com",
            "hitpoints.com",
            "api.hitpoints.com.",
            "api.hitpoints.com.example.com",
            "api.hitpoints.co",
            "localhost.example.com",
            "10.0.0.1",
            "[fe80::1]",
            "0.0.0.0",
        ] {
            let base = format!("https://{host}:8443");
            for other in [None, Some("relay.example.com"), Some("")] {
                let refused = parse(&base, other);
                let is_foreign = matches!(refused, Err(BuildError::ForeignHost(_)));
                assert!(is_foreign, "{base}");
            }
        }
        let base = "https://relay.example.com:8443";
        for other in ["relay.example.com", "Relay.Example.com"] {
            assert!(parse(base, Some(other)).is_ok(), "{other}");
        }
        // The host is permitted, and plain text over a network is not.
        let plain = parse("http://relay.example.com", Some("relay.example.com"));
        assert!(matches!(plain, Err(BuildError::BaseUrl(_))));
    }

    #[test]
    fn other_base_urls_are_rejected_with_a_reason() {
        for (base, reason) in [
            ("http://api.hitpoints.com", "use https"),
            ("http://localhost.example.com", "use https"),
            ("http://10.0.0.1", "use https"),
            ("ftp://127.0.0.1", "neither https"),
            ("127.0.0.1:8700", "not a URL"),
            ("", "not a URL"),
            ("https://api.hitpoints.com/v1", "path"),
            ("https://user@api.hitpoints.com", "user"),
            ("https://:word@api.hitpoints.com", "user"),
            ("https://api.hitpoints.com@example.com", "user"),
            ("https://api.hitpoints.com?a=b", "query"),
            ("https://api.hitpoints.com#a", "query"),
        ] {
            let error = parse(base, None).unwrap_err().to_string();
            assert!(error.contains(reason), "{base}: {error}");
        }
    }
}
