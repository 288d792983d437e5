use super::Control;
use crate::{error::QueueError, script::script};

script! {
    NoteFailure<'a> = "note_failure.lua";
    queue: breaker;
    order: ;
    arguments: kind: &'a str, detail: &'a str;
}

/// The most characters of a detail.
const MAX_DETAIL: usize = 300;

impl Control {
    /// Notes the last call to HitPoints that failed: its kind as one word, and what happened. The breaker opens and closes
    /// without it; it is for operators. HitPoints' next answer removes it.
    pub async fn note_vendor_failure(&self, kind: &str, detail: &str) -> Result<(), QueueError> {
        let detail: String = detail.chars().take(MAX_DETAIL).collect();
        let call = NoteFailure {
            kind,
            detail: &detail,
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
