use super::Control;
use crate::{error::QueueError, script::script};

script! {
    RequeueDeadLetter<'a> = "requeue_dead_letter.lua";
    queue: rejected, jobs;
    order: ;
    arguments: entry: &'a str;
}

impl Control {
    /// Enqueues a dead letter again, with these values in place of its own. Returns the id of the new entry, or `None` if
    /// there is no such dead letter.
    pub async fn requeue_dead_letter(
        &self,
        entry: &str,
        values: &[(String, String)],
    ) -> Result<Option<String>, QueueError> {
        let mut call = RequeueDeadLetter { entry }.call(&self.handle.keys);
        for (name, value) in values {
            call.arg(name).arg(value);
        }
        let added: String = call.run(&mut self.handle.connection.clone()).await?;
        Ok(Some(added).filter(|added| !added.is_empty()))
    }

    /// Discards a dead letter. Returns `false` if there is no such dead letter.
    pub async fn discard_dead_letter(&self, entry: &str) -> Result<bool, QueueError> {
        let mut command = redis::cmd("XDEL");
        command.arg(&self.handle.keys.rejected).arg(entry);
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }
}
