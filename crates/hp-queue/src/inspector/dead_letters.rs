use serde::Serialize;

use super::Inspector;
use crate::error::QueueError;

/// An entry of the inbox that names no usable order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its id in the stream of dead letters.
    pub entry: String,
    /// Its fields, verbatim except bytes that are not UTF-8, with `reason` and `entry_id` at the end.
    pub fields: Vec<(String, String)>,
}

/// An entry as Redis answers it.
type Entry = (String, Vec<(Vec<u8>, Vec<u8>)>);

impl Inspector {
    /// Reads up to `n` dead letters after this one, oldest first. An empty `after` starts with the first one.
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
        Ok(entries.into_iter().map(read).collect())
    }
}

fn read((entry, fields): Entry) -> DeadLetter {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = fields.iter();
    DeadLetter {
        entry,
        fields: fields
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
    }
}
