use std::io::{self, BufRead, IsTerminal};

use hp_queue::{Inspector, QueueError};

use crate::{
    config::Config,
    terminal::{CommandError, CommandResult, errln, escape_control, outln},
};

const PAGE: usize = 256;
const NONE: &str = "there are no dead letters";

/// Lists the dead letters, oldest first.
pub(crate) async fn list(config: &Config, as_json: bool) -> CommandResult {
    let inspector = config.inspector().await?;
    let mut after = String::new();
    loop {
        let page = inspector.dead_letters(&after, PAGE).await?;
        let Some(last) = page.last() else {
            if after.is_empty() && !as_json {
                outln!("{NONE}")?;
            }
            return Ok(true);
        };
        after.clone_from(&last.entry);
        for letter in &page {
            if as_json {
                outln!("{}", serde_json::to_string(letter)?)?;
                continue;
            }
            let fields = letter.fields.iter();
            let fields: Vec<_> = fields
                .map(|(name, value)| format!("{}={value:?}", escape_control(name)))
                .collect();
            outln!("{}  {}", letter.entry, fields.join(" "))?;
        }
    }
}

/// Enqueues a dead letter again, with `values` in place of its own.
pub(crate) async fn requeue(
    config: &Config,
    entry: &str,
    values: &[(String, String)],
) -> CommandResult {
    let added = config
        .control()
        .await?
        .requeue_dead_letter(entry, values)
        .await?;
    match &added {
        Some(entry) => outln!("enqueued again as {entry}")?,
        None => outln!("there is no such entry")?,
    }
    Ok(added.is_some())
}

/// Removes dead letters.
pub(crate) async fn discard(config: &Config, entries: &[String]) -> CommandResult {
    let control = config.control().await?;
    let mut all_done = true;
    for entry in entries {
        let is_removed = control.discard_dead_letter(entry).await?;
        let outcome = if is_removed {
            "removed"
        } else {
            "there is no such entry"
        };
        outln!("{entry}: {outcome}")?;
        all_done &= is_removed;
    }
    Ok(all_done)
}

/// Removes all dead letters that are there now, once the operator has confirmed it.
pub(crate) async fn discard_all(config: &Config, is_confirmed: bool) -> CommandResult {
    let entries = all_entries(&config.inspector().await?).await?;
    let (Some(oldest), n) = (entries.first(), entries.len()) else {
        outln!("{NONE}")?;
        return Ok(true);
    };
    if !is_confirmed && !confirm(n, oldest)? {
        outln!("nothing was removed")?;
        return Ok(false);
    }
    let control = config.control().await?;
    let mut removed = 0;
    for entry in &entries {
        removed += usize::from(control.discard_dead_letter(entry).await?);
    }
    outln!("{} removed", letters(removed))?;
    Ok(true)
}

async fn all_entries(inspector: &Inspector) -> Result<Vec<String>, QueueError> {
    let mut entries = Vec::<String>::new();
    loop {
        let after = entries.last().cloned().unwrap_or_default();
        let page = inspector.dead_letters(&after, PAGE).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page.into_iter().map(|letter| letter.entry));
    }
}

/// Asks the operator, who must be at a terminal.
fn confirm(n: usize, oldest: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        return Err(format!("{} found, and nothing was removed: there is no terminal to ask for a confirmation. Confirm with --yes", letters(n)).into());
    }
    errln!(
        "Remove all {}, the oldest is {oldest}? Their orders are lost, unless a shop sends them again.",
        letters(n)
    );
    errln!("Type yes to remove them:");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

fn letters(n: usize) -> String {
    let noun = if n == 1 {
        "dead letter"
    } else {
        "dead letters"
    };
    format!("{n} {noun}")
}
