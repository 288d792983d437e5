//! Types of single settings. Each one refuses values out of its bounds and says how to write a good one.

use std::{fmt::Display, net::SocketAddr, time::Duration};

use hp_queue::Prefix;
use schemars::JsonSchema;
use serde::Deserialize;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

use super::text::MayBeEmpty;

/// A duration above zero and up to ten years, such as `500ms`, `15s`, `5m`, `24h` or `7d`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "String", extend("examples" = ["500ms", "15s", "5m", "24h", "7d"]))]
pub(super) struct BoundedDuration(pub(super) Duration);

const LONGEST: Duration = Duration::from_hours(24 * 3650);

impl TryFrom<String> for BoundedDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let why = match humantime::parse_duration(&text) {
            Ok(Duration::ZERO) => "a duration must be longer than zero".into(),
            Ok(time) if time > LONGEST => "a duration must not be longer than ten years".into(),
            Ok(time) => return Ok(Self(time)),
            Err(error) => error.to_string(),
        };
        let remedy = "Give a duration such as 500ms, 15s, 5m, 24h or 7d.";
        Err(refused(&text, why, remedy))
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "u32", extend("minimum" = MIN, "maximum" = MAX))]
pub(super) struct Count<const MIN: u32, const MAX: u32>(pub(super) u32);

impl<const MIN: u32, const MAX: u32> TryFrom<String> for Count<MIN, MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse() {
            Ok(count) if (MIN..=MAX).contains(&count) => Ok(Self(count)),
            _ => Err(format!(
                "is `{text}`. Give a whole number from {MIN} to {MAX}."
            )),
        }
    }
}

/// A number of calls a second, from 0.001 to 100000.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "f64", extend("minimum" = 0.001, "maximum" = 100_000))]
pub(super) struct Rate(pub(super) f64);

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse() {
            Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(Self(rate)),
            _ => Err(refused(
                &text,
                "a rate is a number from 0.001 to 100000",
                "Give a number of calls a second, such as 20 or 0.5.",
            )),
        }
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "bool")]
pub(super) struct Switch(pub(super) bool);

impl TryFrom<String> for Switch {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let switch = text.parse().map(Self);
        switch.map_err(|_| format!("is `{text}`. Give true or false."))
    }
}

/// The start of every key. The part in braces keeps the keys in one slot of a Redis Cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "String")]
pub(super) struct QueuePrefix(pub(super) Prefix);

impl TryFrom<String> for QueuePrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The error repeats the text and says how to write a prefix.
        let prefix = text
            .parse()
            .map_err(|error| format!("is refused: {error}."));
        prefix.map(Self)
    }
}

/// An IP address and a port, or nothing.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "MayBeEmpty")]
#[schemars(inline, with = "String", extend("examples" = ["127.0.0.1:9464", ""]))]
pub(super) struct ListenAddress(pub(super) Option<SocketAddr>);

impl TryFrom<MayBeEmpty> for ListenAddress {
    type Error = String;

    fn try_from(MayBeEmpty(text): MayBeEmpty) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let remedy = "Give an IP address and a port such as 127.0.0.1:9464, or an empty text.";
        let address = text.parse().map_err(|error| refused(&text, error, remedy));
        address.map(|address| Self(Some(address)))
    }
}

/// Log levels: one of off, error, warn, info, debug and trace, or a level for each part of the program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "String", extend("examples" = ["info", "warn,hp_api=debug"]))]
pub(crate) struct LogFilter {
    /// The setting as it was written.
    pub(crate) text: String,
    pub(crate) levels: Targets,
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused =
            |why: &dyn Display| refused(&text, why, "Write it like info or warn,hp_api=debug.");
        let parts = text.split(',').map(str::trim);
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        // The library takes an empty text for all events.
        if parts.is_empty() {
            return Err(refused(&"it names no level"));
        }
        // A bare word that is no level is a part of the program for the library: a slip would silence all others.
        let is_word = |part: &&&str| !part.contains('=') && part.parse::<LevelFilter>().is_err();
        if let Some(word) = parts.iter().find(is_word) {
            return Err(refused(&format_args!("`{word}` is no level")));
        }
        let levels = parts.join(",").parse();
        let levels = levels.map_err(|error: ParseError| refused(&error))?;
        Ok(Self { text, levels })
    }
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// One line of text for each event.
    Text,
    /// One JSON object for each event.
    Json,
}

/// Continues the sentence that begins with the key of the setting.
pub(super) fn refused(text: &str, why: impl Display, remedy: &str) -> String {
    let why = why.to_string();
    // Some libraries end their message with a full stop.
    format!("is `{text}`: {}. {remedy}", why.trim_end_matches('.'))
}

/// The form of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum NotifyFormat {
    /// The event as JSON, signed as Standard Webhooks.
    Standard,
    /// A sentence in the field `text`, for the incoming webhook of a chat.
    Slack,
}

impl NotifyFormat {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Slack => "slack",
        }
    }
}
