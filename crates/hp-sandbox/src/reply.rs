//! What becomes of a call: an answer in the vendor's envelope, or none.

use std::time::{Duration, SystemTime};

use hp_api::date;
use hp_api::sign::Signer;

use crate::fault::Fault;
use crate::fields::{Signed, push_text};
use crate::refused::Refused;

/// What the connection does next.
pub(crate) enum Reply {
    Send(Answer),
    /// Closes without an answer.
    Close,
    /// Resets without an answer.
    Reset,
    /// Keeps the caller waiting, then closes.
    Hold,
}

/// An HTTP answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) sign: Option<String>,
    pub(crate) date: Option<String>,
    /// The connection ends half-way through the body.
    pub(crate) cut: bool,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const HOUR: Duration = Duration::from_hours(1);

impl Answer {
    pub(crate) fn plain(status: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            body,
            sign: None,
            date: None,
            cut: false,
        }
    }

    /// Success without data.
    pub(crate) fn empty() -> Self {
        let body = r#"{"data":[],"code":200,"message":"ok","success":true}"#;
        Self::plain(200, JSON, body.to_owned())
    }

    /// An error, unsigned as the vendor's are.
    pub(crate) fn error(code: i64, message: &str) -> Self {
        let mut body = format!(r#"{{"code":{code},"message":"#);
        push_text(&mut body, message);
        body.push_str(r#","success":false}"#);
        Self::plain(200, JSON, body)
    }

    /// Success with data, signed rightly unless the fault says otherwise.
    pub(crate) fn data(
        data: &Signed,
        signer: &Signer,
        now: SystemTime,
        fault: Option<Fault>,
    ) -> Self {
        let body = format!(
            r#"{{"data":{},"code":200,"message":"ok","success":true}}"#,
            data.json
        );
        let mut answer = Self::plain(200, JSON, body);
        let stale = fault == Some(Fault::StaleDate);
        let signed_at = date::format(if stale { now - HOUR } else { now });
        answer.sign = match fault {
            Some(Fault::Unsigned) => None,
            Some(Fault::BadSignature) => Some(signer.sign(b"something else", &signed_at)),
            _ => Some(signer.sign(data.flat.as_bytes(), &signed_at)),
        };
        answer.date = Some(signed_at);
        answer.cut = fault == Some(Fault::Truncated);
        answer
    }

    /// What a proxy in front of the API says.
    pub(crate) fn http_500() -> Self {
        let page = "<html><body><h1>500 Internal Server Error</h1></body></html>\n";
        Self::plain(500, "text/html", page.to_owned())
    }
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        Self::Send(Answer::error(refused.0, refused.1))
    }
}

impl Reply {
    /// For the log: how the call ended, without any data.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Close => "closed without an answer".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Hold => "held without an answer".to_owned(),
            Self::Send(answer) if answer.status != 200 => format!("HTTP {}", answer.status),
            Self::Send(answer) if answer.cut => "answered, cut off".to_owned(),
            Self::Send(answer) if answer.sign.is_some() => "answered, signed".to_owned(),
            Self::Send(answer) if answer.date.is_some() => "answered, unsigned".to_owned(),
            Self::Send(answer) => answer.body.clone(),
        }
    }
}
