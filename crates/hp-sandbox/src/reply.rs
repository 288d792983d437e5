//! The reply to a call: an answer in the vendor's envelope, or a broken connection.

use std::time::{Duration, SystemTime};

use hp_api::date;
use hp_api::sign::Signer;

use crate::api_error::ApiError;
use crate::fault::Fault;
use crate::signable::{Signable, push_json_string};

/// The next action of the connection.
pub(crate) enum Reply {
    Send(Answer),
    /// Closes the connection without an answer.
    Close,
    /// Resets the connection without an answer.
    Reset,
    /// Keeps the connection open without an answer, then closes it.
    Stall,
}

/// An HTTP answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) sign: Option<String>,
    pub(crate) date: Option<String>,
    /// The header `Retry-After`.
    pub(crate) retry_after: Option<&'static str>,
    /// The connection closes after half of the body.
    pub(crate) truncated: bool,
    /// A surplus answer follows after this time.
    pub(crate) surplus: Option<Duration>,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const STALE_AGE: Duration = Duration::from_hours(1);

impl Answer {
    /// Creates an answer without a signature.
    pub(crate) fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            body,
            sign: None,
            date: None,
            retry_after: None,
            truncated: false,
            surplus: None,
        }
    }

    /// Creates a success without data.
    pub(crate) fn empty() -> Self {
        let body = r#"{"data":[],"code":200,"message":"ok","success":true}"#;
        Self::new(200, JSON, body.to_owned())
    }

    /// Creates an error. The vendor does not sign errors.
    pub(crate) fn error(code: i64, message: &str) -> Self {
        let mut body = format!(r#"{{"code":{code},"message":"#);
        push_json_string(&mut body, message);
        body.push_str(r#","success":false}"#);
        Self::new(200, JSON, body)
    }

    /// Creates a success with data and applies a fault of the date, the signature or the body.
    pub(crate) fn data(
        data: &Signable,
        signer: &Signer,
        now: SystemTime,
        fault: Option<Fault>,
    ) -> Self {
        let body = format!(
            r#"{{"data":{},"code":200,"message":"ok","success":true}}"#,
            data.json
        );
        let mut answer = Self::new(200, JSON, body);
        let stale = fault == Some(Fault::StaleDate);
        let signed_at = date::format(if stale { now - STALE_AGE } else { now });
        answer.sign = match fault {
            Some(Fault::Unsigned) => None,
            Some(Fault::BadSignature) => Some(signer.sign(b"something else", &signed_at)),
            _ => Some(signer.sign(data.signed_text.as_bytes(), &signed_at)),
        };
        answer.date = Some(signed_at);
        answer.truncated = fault == Some(Fault::Truncated);
        answer
    }

    /// Creates the answer of a broken proxy in front of the API.
    pub(crate) fn http_500() -> Self {
        let page = "<html><body><h1>500 Internal Server Error</h1></body></html>\n";
        Self::new(500, "text/html", page.to_owned())
    }

    /// Creates the answer of a front end that limits the rate of calls.
    pub(crate) fn http_429() -> Self {
        let page = "<html><body><h1>429 Too Many Requests</h1></body></html>\n";
        Self {
            retry_after: Some("1"),
            ..Self::new(429, "text/html", page.to_owned())
        }
    }

    /// Creates the answer of a front end without a server behind it.
    pub(crate) fn http_503() -> Self {
        let page = "<html><body><h1>503 Service Unavailable</h1></body></html>\n";
        Self {
            retry_after: Some("1"),
            ..Self::new(503, "text/html", page.to_owned())
        }
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self::Send(Answer::error(error.0, error.1))
    }
}

impl Reply {
    /// Describes for the log how the call ended, without any data.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Close => "connection closed without an answer".to_owned(),
            Self::Reset => "connection reset".to_owned(),
            Self::Stall => "no answer, connection kept open".to_owned(),
            Self::Send(answer) if answer.status != 200 => format!("HTTP {}", answer.status),
            Self::Send(answer) if answer.truncated => "answered, body truncated".to_owned(),
            Self::Send(answer) if answer.sign.is_some() => "answered, signed".to_owned(),
            Self::Send(answer) if answer.date.is_some() => "answered, unsigned".to_owned(),
            Self::Send(answer) => answer.body.clone(),
        }
    }
}
