use super::Control;
use crate::{error::QueueError, script::script};

script! {
    Pause<'a> = "pause.lua";
    queue: paused;
    order: ;
    arguments: reason: &'a str, by: &'a str;
}

impl Control {
    /// Pauses the queue: no worker claims orders. Returns `false` if it was paused before; then the first reason stays.
    pub async fn pause(&self, reason: &str, by: &str) -> Result<bool, QueueError> {
        let call = Pause { reason, by }.call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }

    /// Resumes the queue. Returns `false` if it was not paused.
    pub async fn resume(&self) -> Result<bool, QueueError> {
        let mut command = redis::cmd("DEL");
        command.arg(&self.handle.keys.paused);
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }
}
