use crate::{
    config::Config,
    terminal::{CommandResult, escape_control, outln},
};

/// Pauses the queue: no worker claims orders until it is resumed.
pub(crate) async fn pause(config: &Config, why: &str, by: &str) -> CommandResult {
    let is_new = config.control().await?.pause(why, by).await?;
    if is_new {
        outln!("queue paused: no worker claims orders until `worker resume`")?;
    } else {
        let reason = config
            .inspector()
            .await?
            .paused()
            .await?
            .unwrap_or_default();
        let reason = escape_control(&reason);
        outln!("the queue was paused already, and the first reason stays: {reason}")?;
    }
    Ok(is_new)
}

/// Resumes the queue.
pub(crate) async fn resume(config: &Config, by: &str) -> CommandResult {
    if config.control().await?.resume(by).await? {
        outln!("queue resumed: workers claim orders again")?;
    } else {
        outln!("the queue was not paused")?;
    }
    Ok(true)
}
