use std::net::IpAddr;

use reqwest::Url;

use super::BuildError;

/// Takes `https://host[:port]`, or `http://` where it leads to this machine.
pub(super) fn check(text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    check_scheme(&url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user or password; the API knows neither"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("ends with a query or fragment; leave it out"));
    }
    if url.path() != "/" {
        return Err(wrong(
            "has a path; the API's paths are absolute, so leave it out",
        ));
    }
    Ok(url)
}

fn check_scheme(url: &Url) -> Result<(), BuildError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(wrong("is http:// to another machine; use https://")),
        _ => Err(wrong("is neither https:// nor http://")),
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

fn wrong(why: &str) -> BuildError {
    BuildError::BaseUrl(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn https_and_http_to_this_machine_are_taken() {
        for base in [
            "https://api.hitpoints.com",
            "https://api.hitpoints.com:8443/",
            "http://127.0.0.1:8700",
            "http://127.8.9.1",
            "http://[::1]:8700",
            "http://localhost:8700",
        ] {
            assert!(check(base).is_ok(), "{base}");
        }
    }

    #[test]
    fn any_other_base_is_refused_with_the_reason() {
        for (base, reason) in [
            ("http://api.hitpoints.com", "use https"),
            ("http://localhost.example.com", "use https"),
            ("http://10.0.0.1", "use https"),
            ("ftp://127.0.0.1", "neither https"),
            ("127.0.0.1:8700", "no URL"),
            ("", "no URL"),
            ("https://api.hitpoints.com/v1", "path"),
            ("https://user@api.hitpoints.com", "user"),
            ("https://:word@api.hitpoints.com", "user"),
            ("https://api.hitpoints.com?a=b", "query"),
            ("https://api.hitpoints.com#a", "query"),
        ] {
            let error = check(base).unwrap_err().to_string();
            assert!(error.contains(reason), "{base}: {error}");
        }
    }
}
