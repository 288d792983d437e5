use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use hp_order::Millis;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    message::Message,
    sender::{Answer, Sender},
};
use crate::{
    clock,
    config::{Config, Notify},
    random::Random,
    terminal::{CommandResult, escape_control, format::print_json, outln},
};

/// The most characters of an answer that are shown.
const SHOWN: usize = 300;

/// What became of the test message.
#[derive(Serialize)]
struct Outcome {
    delivered: bool,
    /// Scheme, host and port. The rest of the address is a secret.
    receiver: String,
    status: u16,
    /// The start of the answer.
    answer: String,
    took_ms: u64,
    /// What to correct.
    remedy: Option<String>,
}

/// Sends a test message now. Returns `false` if the receiver does not accept it.
///
/// # Errors
/// No receiver is set, or it does not answer.
pub(crate) async fn send_test(config: &Config, as_json: bool, random: &Random) -> CommandResult {
    let notify = config
        .notify
        .as_ref()
        .ok_or("notify.url is not set, so no notifications are sent. Set it in the file or as the environment variable HP_NOTIFY__URL")?;
    let now = clock::now().duration_since(UNIX_EPOCH)?;
    let now = Millis(u64::try_from(now.as_millis())?);
    let message = Message::test(now, &random.alphanumeric(12), &config.prefix, notify.format);
    let sender = Sender::new(Arc::clone(notify))?;
    let started = Instant::now();
    let answer = sender.post(&message).await.map_err(|error| {
        format!(
            "cannot reach the receiver at {}: {error}. {}",
            notify.shown_url(),
            unreachable_remedy(&error)
        )
    })?;
    let outcome = Outcome::new(&answer, notify, started.elapsed());
    if as_json {
        print_json(&outcome)?;
    } else {
        outln!("{}", outcome.text(&answer))?;
    }
    Ok(outcome.delivered)
}

impl Outcome {
    fn new(answer: &Answer, notify: &Notify, took: Duration) -> Self {
        let start = answer.text.trim().chars().take(SHOWN).collect::<String>();
        Self {
            delivered: answer.verdict().is_ok(),
            receiver: notify.shown_url(),
            status: answer.status.as_u16(),
            answer: start,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            remedy: remedy(answer.status.as_u16()).map(Into::into),
        }
    }

    fn text(&self, answer: &Answer) -> String {
        let verdict = if self.delivered {
            "accepted"
        } else {
            "REFUSED"
        };
        let mut text = format!(
            "{verdict}: the receiver at {} answered {} in {} ms",
            self.receiver, answer.status, self.took_ms
        );
        if !self.answer.is_empty() {
            text = format!("{text}\nanswer: {}", escape_control(&self.answer));
        }
        match &self.remedy {
            Some(remedy) => format!("{text}\n-> {remedy}"),
            None => text,
        }
    }
}

/// What to correct after this answer.
fn remedy(status: u16) -> Option<&'static str> {
    Some(match status {
        200..300 => return None,
        300..400 => {
            "The worker follows no redirect. Set notify.url to the address to which the receiver redirects."
        }
        401 | 403 => {
            "The receiver does not accept the message. Check notify.secret, and the token in notify.url."
        }
        404 | 410 => {
            "The address does not exist, or exists no more. Make a new webhook, and set notify.url to its address."
        }
        400 | 415 | 422 => {
            "The receiver does not understand the message. Check notify.format: slack for the webhook of a chat, standard for your own receiver."
        }
        408 | 425 | 429 | 503 => "The receiver asks to wait. Try again later.",
        500.. => "The receiver has failed. Look into its log.",
        _ => "Check notify.url and notify.format.",
    })
}

fn unreachable_remedy(error: &str) -> &'static str {
    let is = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if is(&["certificate", "tls", "TLS"]) {
        "Check the certificate of the receiver: this machine must trust its authority, and it must name the host"
    } else if is(&["dns", "lookup", "resolve"]) {
        "Check the host in notify.url, and the DNS of this machine"
    } else {
        "Check notify.url, and that the receiver runs and a firewall lets the worker through"
    }
}
