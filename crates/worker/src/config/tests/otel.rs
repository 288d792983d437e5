//! The collector of traces.

use std::fs;

use tempfile::NamedTempFile;

use super::load;

const ENDPOINT: (&str, &str) = ("HP_OTEL__ENDPOINT", "https://collector.example");
const HEADERS: (&str, &str) = ("HP_OTEL__HEADERS", "authorization=Bearer%20hunter2");

#[test]
fn collector_and_headers_may_be_in_files() {
    let (endpoint, headers) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    fs::write(&endpoint, format!("{}\n", ENDPOINT.1)).unwrap();
    fs::write(&headers, format!("{}\n", HEADERS.1)).unwrap();
    let files = [
        ("HP_OTEL__ENDPOINT_FILE", endpoint.path().to_str().unwrap()),
        ("HP_OTEL__HEADERS_FILE", headers.path().to_str().unwrap()),
    ];
    let otel = load("", &files).unwrap().otel;
    let url = otel.endpoint.unwrap().url().to_string();
    assert_eq!(url, "https://collector.example/v1/traces");
    assert_eq!(otel.headers["authorization"], "Bearer hunter2");
}

#[test]
fn unusable_collector_is_refused_without_showing_it() {
    let endpoint = |url| ("HP_OTEL__ENDPOINT", url);
    let headers = |text| ("HP_OTEL__HEADERS", text);
    for (settings, words) in [
        (&[HEADERS][..], "otel.endpoint is not"),
        (&[endpoint("hunter2")], "otel.endpoint is no address"),
        (&[endpoint("hunter2:4318")], "neither http:// nor https://"),
        (&[endpoint("grpc://hunter2")], "otel.endpoint begins"),
        (
            &[ENDPOINT, headers("hunter2")],
            "otel.headers is no list of headers",
        ),
        (
            &[ENDPOINT, headers("a=1,hunter2")],
            "otel.headers is no list of headers",
        ),
    ] {
        let fault = load("", settings).unwrap_err();
        let text = format!("{fault} {fault:?}");
        assert!(text.contains(words), "no `{words}` in: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
