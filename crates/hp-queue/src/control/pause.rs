use super::Control;
use crate::{error::QueueError, script::script};

script! {
    Pause<'a> = "pause.lua";
    queue: paused, events;
    order: ;
    arguments: reason: &'a str, by: &'a str;
}

script! {
    Resume<'a> = "resume.lua";
    queue: paused, events;
    order: ;
    arguments: by: &'a str;
}

impl Control {
    /// Pauses the queue: no worker claims orders. Returns `false` if it was paused before; then the first reason stays.
    pub async fn pause(&self, reason: &str, by: &str) -> Result<bool, QueueError> {
        let call = Pause { reason, by }.call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }

    /// Resumes the queue. Returns `false` if it was not paused.
    pub async fn resume(&self, by: &str) -> Result<bool, QueueError> {
        let call = Resume { by }.call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
