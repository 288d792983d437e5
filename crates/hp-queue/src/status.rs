//! How a queue is, and the entries that it set aside.

use std::{collections::HashMap, sync::LazyLock};

use serde::Serialize;

use crate::{
    Inspector, QueueError,
    script::{Script, call, run},
};

static STATUS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/status.lua")));

/// How a queue is. Times are Unix milliseconds by Redis' clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its time.
    pub now: u64,
    /// Entries of the inbox that nobody has taken yet.
    pub new: u64,
    /// Orders that come due some time, those in review included.
    pub scheduled: u64,
    /// Orders that have not ended.
    pub open: u64,
    /// The open order that was admitted first, and when that was.
    pub oldest: Option<(String, u64)>,
    /// Entries that name no usable order.
    pub rejected: u64,
    /// The pause: reason, since, by; empty: there is none.
    pub paused: HashMap<String, String>,
    /// The breaker's fields; with `until` among them it is open.
    pub breaker: HashMap<String, String>,
    /// By currency, until when its balance is known to be too low.
    pub holds: HashMap<String, u64>,
    /// The workers that are alive, and until when they count as such without another sign.
    pub workers: HashMap<String, u64>,
    /// The report of the last reconciliation run.
    pub last_run: HashMap<String, String>,
}

/// An entry that names no usable order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its id in the stream of such entries.
    pub entry: String,
    /// Its fields, verbatim but for bytes that are no UTF-8, with `reason` and `entry_id` at the end.
    pub fields: Vec<(String, String)>,
}

/// An entry as Redis answers it.
type Entry = (String, Vec<(Vec<u8>, Vec<u8>)>);

type Answer = (
    u64,
    u64,
    u64,
    u64,
    Vec<(String, u64)>,
    u64,
    HashMap<String, String>,
    HashMap<String, String>,
    HashMap<String, u64>,
    HashMap<String, u64>,
    HashMap<String, String>,
);

impl Inspector {
    /// Looks at the queue as a whole.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn status(&self) -> Result<Status, QueueError> {
        let keys = &self.handle.keys;
        let command = call(
            &STATUS,
            &[
                &keys.jobs,
                &keys.schedule,
                &keys.open,
                &keys.rejected,
                &keys.paused,
                &keys.breaker,
                &keys.holds,
                &keys.workers,
                &keys.runs,
            ],
        );
        let answer: Answer = run(&STATUS, &command, &mut self.handle.connection.clone()).await?;
        let (
            now,
            new,
            scheduled,
            open,
            oldest,
            rejected,
            paused,
            breaker,
            holds,
            workers,
            last_run,
        ) = answer;
        Ok(Status {
            now,
            new,
            scheduled,
            open,
            oldest: oldest.into_iter().next(),
            rejected,
            paused,
            breaker,
            holds,
            workers,
            last_run,
        })
    }

    /// Entries that were set aside after this one (none: from the first), oldest first, up to `n`.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn dead_letters(&self, after: &str, n: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let from = if after.is_empty() {
            "-".into()
        } else {
            format!("({after}")
        };
        let mut command = redis::cmd("XRANGE");
        command
            .arg(&self.handle.keys.rejected)
            .arg(from)
            .arg("+")
            .arg("COUNT")
            .arg(n);
        let entries: Vec<Entry> = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = |(entry, fields): Entry| DeadLetter {
            entry,
            fields: fields
                .iter()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        };
        Ok(entries.into_iter().map(read).collect())
    }
}
