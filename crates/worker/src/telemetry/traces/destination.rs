//! Where spans go, by the settings and the standard variables `OTEL_*`.

use std::time::Duration;

use reqwest::header::HeaderMap;

use crate::config::{Endpoint, Otel, is_header};

/// The limit of a request, unless a variable sets another one.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where spans go.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) endpoint: Endpoint,
    /// The headers of the settings. The library adds those of the standard variables.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
}

/// What the settings and the variables say.
pub(crate) struct Resolved {
    /// Nothing is exported without one.
    pub(crate) destination: Option<Destination>,
    /// Variables that cannot be used.
    pub(crate) warnings: Vec<String>,
}

/// Finds out where spans go. The two switches for everything win, then the settings, then the variables for traces, then the
/// variables for all signals. A variable that cannot be used is ignored, as the standard wants it.
pub(crate) fn resolve(otel: &Otel, read: impl Fn(&str) -> Option<String>) -> Resolved {
    let variable = |name: &str| {
        let text = read(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let mut warnings = Vec::new();
    let endpoint = if is_off(&variable) {
        None
    } else {
        let of_settings = otel.endpoint.clone();
        of_settings.or_else(|| endpoint_of_variables(&variable, &mut warnings))
    };
    let destination = endpoint.map(|endpoint| {
        warn_of_unused(&variable, &mut warnings);
        warn_of_lists(&variable, &mut warnings);
        Destination {
            endpoint,
            headers: otel.headers.clone(),
            timeout: timeout(&variable, &mut warnings),
        }
    });
    Resolved {
        destination,
        warnings,
    }
}

type Variable<'a> = dyn Fn(&str) -> Option<String> + 'a;

fn is_off(variable: &Variable<'_>) -> bool {
    let disabled = variable("OTEL_SDK_DISABLED");
    let exporters = variable("OTEL_TRACES_EXPORTER");
    disabled.is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || exporters.is_some_and(|text| !text.split(',').any(|name| name.trim() == "otlp"))
}

fn endpoint_of_variables(variable: &Variable<'_>, warnings: &mut Vec<String>) -> Option<Endpoint> {
    type Read = fn(&str) -> Result<Endpoint, String>;
    let variables: [(_, Read); 2] = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Endpoint::of_traces),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Endpoint::of_collector),
    ];
    let mut set = variables.into_iter();
    let (name, text, read) = set.find_map(|(name, read)| Some((name, variable(name)?, read)))?;
    let endpoint = read(&text);
    let refused = |reason| warnings.push(format!("{name} {reason} No traces are exported."));
    endpoint.map_err(refused).ok()
}

fn timeout(variable: &Variable<'_>, warnings: &mut Vec<String>) -> Duration {
    for name in [
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ] {
        let Some(text) = variable(name) else {
            continue;
        };
        match text.parse() {
            Ok(ms @ 1..) => return Duration::from_millis(ms),
            _ => warnings.push(format!(
                "{name} is no number of milliseconds above 0, and does not count"
            )),
        }
    }
    TIMEOUT
}

/// Names the variables that would change the form of the requests or the trust in the collector, and do not.
fn warn_of_unused(variable: &Variable<'_>, warnings: &mut Vec<String>) {
    let usable = |name: &str, text: &str| match name {
        "PROTOCOL" => text == "http/protobuf",
        "COMPRESSION" => text == "none",
        _ => false,
    };
    for name in [
        "PROTOCOL",
        "COMPRESSION",
        "CERTIFICATE",
        "CLIENT_CERTIFICATE",
        "CLIENT_KEY",
    ] {
        for start in ["OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"] {
            let full = format!("{start}{name}");
            if variable(&full).is_some_and(|text| !usable(name, &text)) {
                warnings.push(format!(
                    "{full} does not count: traces are sent as http/protobuf, without compression, and TLS trusts the authorities of the operating system"
                ));
            }
        }
    }
}

/// Names the lists of which the library leaves parts out. They may contain secrets, so no warning shows a part.
fn warn_of_lists(variable: &Variable<'_>, warnings: &mut Vec<String>) {
    let parts = |text: &str, is_usable: fn(&str) -> bool| {
        let mut parts = text.split(',').map(str::trim);
        parts.all(|part| part.is_empty() || is_usable(part))
    };
    for name in [
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_HEADERS",
    ] {
        if variable(name).is_some_and(|text| !parts(&text, is_header)) {
            warnings.push(format!(
                "{name} has a part that is no header, and that part does not count. Write headers like authorization=Basic%20dXNlcg, with commas between several"
            ));
        }
    }
    let name = "OTEL_RESOURCE_ATTRIBUTES";
    let is_attribute = |part: &str| {
        part.split_once('=')
            .is_some_and(|(key, _)| !key.trim().is_empty())
    };
    if variable(name).is_some_and(|text| !parts(&text, is_attribute)) {
        warnings.push(format!(
            "{name} has a part that is no attribute, and that part does not count. Write attributes like deployment.environment.name=test, with commas between several"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Resolved {
        let otel = Otel {
            endpoint: endpoint.map(|text| Endpoint::of_collector(text).unwrap()),
            headers: HeaderMap::new(),
        };
        resolve(&otel, |name| {
            let mut set = variables.iter();
            set.find_map(|(set, text)| (*set == name).then(|| (*text).to_owned()))
        })
    }

    fn url(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        let destination = resolved(endpoint, variables).destination?;
        Some(destination.endpoint.url().to_string())
    }

    #[test]
    fn traces_are_off_without_an_endpoint() {
        assert_eq!(url(None, &[]), None);
        let empty = [("OTEL_EXPORTER_OTLP_ENDPOINT", " ")];
        assert_eq!(url(None, &empty), None);
        let others = [
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://a"),
        ];
        assert_eq!(url(None, &others), None);
    }

    #[test]
    fn settings_win_over_variables_for_the_endpoint() {
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/x");
        let set = |text: &str| Some(text.to_owned());
        assert_eq!(url(None, &[all]), set("http://all:4318/v1/traces"));
        assert_eq!(url(None, &[all, traces]), set("http://traces/x"));
        let own = url(Some("http://own"), &[all, traces]);
        assert_eq!(own, set("http://own/v1/traces"));
    }

    #[test]
    fn switches_for_everything_win_over_settings() {
        for off in [
            ("OTEL_SDK_DISABLED", "TRUE"),
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_TRACES_EXPORTER", "console"),
        ] {
            assert_eq!(url(Some("http://own"), &[off]), None, "{off:?}");
        }
        for on in [
            ("OTEL_SDK_DISABLED", "false"),
            ("OTEL_SDK_DISABLED", "1"),
            ("OTEL_TRACES_EXPORTER", "console, otlp"),
        ] {
            assert!(url(Some("http://own"), &[on]).is_some(), "{on:?}");
        }
    }

    #[test]
    fn unusable_variables_are_named_and_do_not_count() {
        let broken = resolved(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2:4318")]);
        assert!(broken.destination.is_none());
        assert_eq!(broken.warnings.len(), 1);
        assert!(!broken.warnings[0].contains("hunter2"));
        let odd = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "700"),
        ];
        let odd = resolved(Some("http://own"), &odd);
        assert_eq!(odd.warnings.len(), 3, "{:?}", odd.warnings);
        let timeout = odd.destination.unwrap().timeout;
        assert_eq!(timeout, Duration::from_millis(700));
        let usual = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ];
        assert_eq!(resolved(Some("http://own"), &usual).warnings, [""; 0]);
    }

    #[test]
    fn unusable_parts_of_lists_are_told_without_them() {
        for (name, text) in [
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,hunter 2=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=hunter2%0A"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a="),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=1,hunter2"),
            ("OTEL_RESOURCE_ATTRIBUTES", "=hunter2"),
        ] {
            let warnings = resolved(Some("http://own"), &[(name, text)]).warnings;
            assert_eq!(warnings.len(), 1, "{name} {text}");
            assert!(warnings[0].starts_with(name) && !warnings[0].contains("hunter"));
        }
        let usual = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1, b=Basic%20dXNlcg==,"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=1,b="),
        ];
        assert_eq!(resolved(Some("http://own"), &usual).warnings, [""; 0]);
    }
}
