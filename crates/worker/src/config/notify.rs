use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{
    fault::ConfigFault,
    secret::{Hidden, value_or_file},
    settings::NotifySettings,
    values::NotifyFormat,
};

/// Where notifications go, and in which form.
pub(crate) struct Notify {
    /// The receiver. Its path may be a secret: never printed.
    url: Url,
    /// Signs the messages, if it is set.
    pub(crate) secret: Option<SigningSecret>,
    pub(crate) format: NotifyFormat,
}

/// The secret of Standard Webhooks, shared with the receiver.
pub(crate) struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// Reads `whsec_` and base64, or base64 alone, of 24 to 64 bytes. The error continues the sentence that the name of the
    /// setting begins.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let remedy = "Make one with: echo whsec_$(openssl rand -base64 32)";
        let engine = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        // The error of the library quotes a byte of the secret.
        let bytes = engine
            .decode(text)
            .map(Zeroizing::new)
            .map_err(|_| format!("is not base64, with or without `whsec_` before it. {remedy}"))?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            length => Err(format!(
                "has {length} bytes. Standard Webhooks needs 24 to 64 bytes. {remedy}"
            )),
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Notify {
    /// `None` if no receiver is set.
    pub(super) fn read(settings: NotifySettings) -> Result<Option<Self>, ConfigFault> {
        let url = value_or_file("notify.url", settings.url, settings.url_file.as_deref())?;
        let secret = value_or_file(
            "notify.secret",
            settings.secret,
            settings.secret_file.as_deref(),
        )?;
        let secret = secret
            .map(|secret| SigningSecret::parse(secret.expose()))
            .transpose()
            .map_err(|reason| fault("notify.secret", reason))?;
        let Some(url) = url else {
            return match secret {
                None => Ok(None),
                Some(_) => Err(ConfigFault::Contradiction(
                    "notify.secret is set, and notify.url is not. Set notify.url, or remove notify.secret.".into(),
                )),
            };
        };
        let url = parse_url(&url).map_err(|reason| fault("notify.url", reason))?;
        if secret.is_none() && settings.format == NotifyFormat::Standard {
            return Err(ConfigFault::Contradiction(
                "notify.url is set, and notify.secret is not: the receiver could not tell your messages from forged ones. Set notify.secret (make one with: echo whsec_$(openssl rand -base64 32)), or set notify.format to slack.".into(),
            ));
        }
        Ok(Some(Self {
            url,
            secret,
            format: settings.format,
        }))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Scheme, host and port: what may be shown of the address.
    pub(crate) fn shown_url(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// Never shows the text: the path contains the token of an incoming webhook.
fn parse_url(text: &Hidden) -> Result<Url, String> {
    let remedy = "Give an address such as https://example.com/hooks/TOKEN. It is not shown here, because it may contain a secret.";
    let url =
        Url::parse(text.expose()).map_err(|error| format!("is no address: {error}. {remedy}"))?;
    match (url.scheme(), url.host()) {
        (_, None) => Err(format!("names no host. {remedy}")),
        ("https", _) => Ok(url),
        ("http", Some(host)) if is_loopback(&host) => Ok(url),
        ("http", _) => Err(
            "begins with http://: whoever is on the way could read the messages and use the address. Give an https:// address. http:// is allowed for this machine only (127.0.0.1, [::1] or localhost).".into(),
        ),
        _ => Err(format!("begins with neither https:// nor http://. {remedy}")),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.trim_end_matches('.') == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn fault(key: &str, reason: String) -> ConfigFault {
    ConfigFault::Value {
        key: key.into(),
        reason,
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notify({}, {:?})", self.shown_url(), self.format)
    }
}
