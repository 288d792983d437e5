//! The end of Redis' log, and how to lose it.

use std::{
    collections::VecDeque,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

/// How much may be lost: `appendfsync everysec` promises no more.
const UNSAFE: Duration = Duration::from_secs(1);

/// Remembers how long the log was.
pub(crate) struct AofTail {
    log: PathBuf,
    sizes: VecDeque<(Instant, u64)>,
}

impl AofTail {
    /// Of the Redis in this folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            log: folder.join("appendonlydir/appendonly.aof.1.incr.aof"),
            sizes: VecDeque::new(),
        }
    }

    /// To be called every tenth of a second.
    pub(crate) fn record_size(&mut self) {
        let now = Instant::now();
        self.sizes.retain(|(at, _)| now - *at <= UNSAFE);
        self.sizes
            .extend(fs::metadata(&self.log).ok().map(|log| (now, log.len())));
    }

    /// Cuts off what was written in the last second. Returns how many bytes that was.
    pub(crate) fn truncate(&mut self) -> u64 {
        let now = Instant::now();
        let log = OpenOptions::new().write(true).open(&self.log).unwrap();
        let length = log.metadata().unwrap().len();
        let safe = self.sizes.iter().find(|(at, _)| now - *at <= UNSAFE);
        let safe = safe.map_or(length, |(_, size)| length.min(*size));
        log.set_len(safe).unwrap();
        self.sizes.clear();
        length - safe
    }
}
