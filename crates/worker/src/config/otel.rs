//! Where traces go.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{
    fault::ConfigFault,
    secret::{Hidden, value_or_file},
    settings::OtelSettings,
};

/// The path to which a collector of OTLP over HTTP wants traces to be sent.
const PATH: &str = "/v1/traces";

/// The collector that the settings name. Where they name none, the standard variables count.
#[derive(Debug, Default)]
pub(crate) struct Otel {
    pub(crate) endpoint: Option<Endpoint>,
    /// Headers of each request. Their values may be secrets.
    pub(crate) headers: HeaderMap,
}

/// The address to which traces are sent. It may contain a secret.
#[derive(Clone)]
pub(crate) struct Endpoint(Url);

impl Otel {
    pub(super) fn read(settings: OtelSettings) -> Result<Self, ConfigFault> {
        let OtelSettings {
            endpoint,
            endpoint_file,
            headers,
            headers_file,
        } = settings;
        let endpoint = value_or_file("otel.endpoint", endpoint, endpoint_file.as_deref())?;
        let headers = value_or_file("otel.headers", headers, headers_file.as_deref())?;
        if headers.is_some() && endpoint.is_none() {
            return Err(ConfigFault::Contradiction(
                "otel.headers is set, and otel.endpoint is not. Set otel.endpoint, or give the headers as OTEL_EXPORTER_OTLP_HEADERS, beside OTEL_EXPORTER_OTLP_ENDPOINT.".into(),
            ));
        }
        Ok(Self {
            endpoint: endpoint
                .map(|text| Endpoint::of_collector(text.expose()))
                .transpose()
                .map_err(|reason| fault("otel.endpoint", reason))?,
            headers: headers
                .map_or_else(|| Ok(HeaderMap::new()), |text| parse_headers(&text))
                .map_err(|reason| fault("otel.headers", reason))?,
        })
    }
}

impl Endpoint {
    /// Reads the address of a collector, to which the path for traces is added unless it is there. The error continues the
    /// sentence that the name of the setting begins. It does not show the address.
    pub(crate) fn of_collector(text: &str) -> Result<Self, String> {
        let Self(mut url) = Self::of_traces(text)?;
        let path = url.path().trim_end_matches('/');
        if !path.ends_with(PATH) {
            let path = format!("{path}{PATH}");
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// Reads the address to which traces are sent, without a change.
    pub(crate) fn of_traces(text: &str) -> Result<Self, String> {
        let remedy = "Give the address of a collector such as http://127.0.0.1:4318. It is not shown here, because it may contain a secret.";
        let url = Url::parse(text).map_err(|error| format!("is no address: {error}. {remedy}"))?;
        match url.scheme() {
            "http" | "https" if url.host().is_some() => Ok(Self(url)),
            "http" | "https" => Err(format!("names no host. {remedy}")),
            _ => Err(format!(
                "begins with neither http:// nor https://. {remedy}"
            )),
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Scheme, host and port: what may be shown of the address.
    pub(crate) fn shown(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.shown())
    }
}

/// Reads headers in the form of `OTEL_EXPORTER_OTLP_HEADERS`. The error shows no value.
fn parse_headers(text: &Hidden) -> Result<HeaderMap, String> {
    let parts = text.expose().split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    let headers = parts.map(parse_header).collect::<Option<HeaderMap>>();
    headers
        .filter(|headers| !headers.is_empty())
        .ok_or_else(|| {
            "is no list of headers. Write it like authorization=Basic%20dXNlcg, with commas between several. It is not shown here, because it may contain a secret.".into()
        })
}

/// `true` for a header in the form of `OTEL_EXPORTER_OTLP_HEADERS`.
pub(crate) fn is_header(part: &str) -> bool {
    parse_header(part).is_some_and(|(_, value)| !value.is_empty())
}

fn parse_header(part: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = part.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    let mut value = HeaderValue::from_str(&value).ok()?;
    // No log of headers shows a sensitive one.
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

fn fault(key: &str, reason: String) -> ConfigFault {
    ConfigFault::Value {
        key: key.into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_gets_the_path_for_traces_once() {
        for (text, url) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            (
                "https://example.com/otlp/",
                "https://example.com/otlp/v1/traces",
            ),
            ("http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces"),
            ("http://a/v1/traces/", "http://a/v1/traces/"),
            ("http://a/my-v1/traces", "http://a/my-v1/traces/v1/traces"),
            ("https://a/x?key=1", "https://a/x/v1/traces?key=1"),
        ] {
            let endpoint = Endpoint::of_collector(text).unwrap();
            assert_eq!(endpoint.url().as_str(), url);
        }
        let unchanged = Endpoint::of_traces("http://a:4318/custom").unwrap();
        assert_eq!(unchanged.url().as_str(), "http://a:4318/custom");
    }

    #[test]
    fn refused_endpoint_is_not_shown() {
        for text in ["collector-key:4318", "ftp://key@host", "key", "http://"] {
            let error = Endpoint::of_collector(text).unwrap_err();
            assert!(!error.contains("key"), "{error}");
        }
    }

    #[test]
    fn headers_are_percent_decoded() {
        let headers = parse_headers(&Hidden::from(
            "Authorization=Bearer%20a%3Db, x-tenant = 7,".to_owned(),
        ));
        let headers = headers.unwrap();
        assert_eq!(headers["authorization"], "Bearer a=b");
        assert_eq!(headers["x-tenant"], "7");
        assert!(!format!("{headers:?}").contains("Bearer"));
    }

    #[test]
    fn refused_headers_are_not_shown() {
        for text in ["hunter2", "a=hunter2\u{7}", "a b=hunter2", "=hunter2", ","] {
            let error = parse_headers(&Hidden::from(text.to_owned())).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
