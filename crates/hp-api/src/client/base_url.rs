use std::net::IpAddr;

use url::Url;

use super::build_error::BuildError;

/// Parses `https://host[:port]`, or `http://` to this machine.
pub(super) fn parse(text: &str) -> Result<Url, BuildError> {
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
    Ok(url)
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
    use super::parse;

    #[test]
    fn https_or_http_to_this_machine_is_accepted() {
        for base in [
            "https://api.hitpoints.com",
            "https://api.hitpoints.com:8443/",
            "http://127.0.0.1:8700",
            "http://127.8.9.1",
            "http://[::1]:8700",
            "http://localhost:8700",
        ] {
            assert!(parse(base).is_ok(), "{base}");
        }
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
            ("https://api.hitpoints.com?a=b", "query"),
            ("https://api.hitpoints.com#a", "query"),
        ] {
            let error = parse(base).unwrap_err().to_string();
            assert!(error.contains(reason), "{base}: {error}");
        }
    }
}
