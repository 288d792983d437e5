use crate::{
    config::Config,
    terminal::{CommandResult, escape_control, outln},
};

const PAGE: usize = 256;

/// Lists the dead letters, oldest first.
pub(crate) async fn list(config: &Config, as_json: bool) -> CommandResult {
    let inspector = config.inspector().await?;
    let mut after = String::new();
    loop {
        let page = inspector.dead_letters(&after, PAGE).await?;
        let Some(last) = page.last() else {
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
