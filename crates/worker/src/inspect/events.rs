use std::time::Duration;

use hp_queue::{Events, QueueError, QueueEvent, Wait};
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    config::Config,
    terminal::{CommandResult, errln, escape_control, format::time, outln, stdout::is_stdout_gone},
};

/// Events of one read.
const PAGE: usize = 256;
/// The delay before the next read while Redis is unreachable.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Prints the events of the queue, oldest first. With `follow`, prints new ones until it is interrupted.
pub(crate) async fn print_events(config: &Config, follow: bool, as_json: bool) -> CommandResult {
    config.handle_with_terms().await?;
    let mut events = Events::new(config.redis()?, &config.prefix);
    let wait = if follow { Wait::ForOne } else { Wait::Not };
    while !is_stdout_gone() {
        let page = match events.next(PAGE, wait).await {
            Err(error @ QueueError::Unreachable(_)) if follow => {
                errln!("worker: {error}; trying again");
                sleep(RETRY_DELAY).await;
                continue;
            }
            page => page?,
        };
        if page.is_empty() && !follow {
            break;
        }
        for event in page {
            if as_json {
                outln!("{}", serde_json::to_string(&event)?)?;
            } else {
                outln!("{}", line(&event))?;
            }
        }
    }
    Ok(true)
}

fn line(event: &QueueEvent) -> String {
    let kind = escape_control(&event.event);
    let id = event
        .order_id
        .as_deref()
        .map_or_else(String::new, |id| format!("  {}", escape_control(id)));
    let detail: Vec<_> = event
        .detail
        .iter()
        .map(|(name, value)| words(name, value))
        .collect();
    let line = format!("{}  {kind:<22}{id}  {}", time(event.at), detail.join(", "));
    line.trim_end().to_owned()
}

fn words(name: &str, value: &Value) -> String {
    let value = match value {
        Value::String(text) => escape_control(text).into_owned(),
        value => value.to_string(),
    };
    format!("{}: {value}", escape_control(name))
}
