//! The end of Redis' append-only log, and its loss.

use std::{
    collections::VecDeque,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

/// The time whose writes may be lost with `appendfsync everysec`.
const UNSAFE: Duration = Duration::from_secs(1);

/// Records the recent sizes of the log.
pub(crate) struct AofTail {
    folder: PathBuf,
    /// The last log file. A new replica begins another one.
    log: PathBuf,
    sizes: VecDeque<(Instant, u64)>,
}

impl AofTail {
    /// The tail of the Redis in this folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.join("appendonlydir"),
            log: PathBuf::new(),
            sizes: VecDeque::new(),
        }
    }

    /// Records the current size. The run calls it every 100 ms.
    pub(crate) fn record_size(&mut self) {
        let now = Instant::now();
        self.find_log();
        self.sizes.retain(|(at, _)| now - *at <= UNSAFE);
        self.sizes
            .extend(fs::metadata(&self.log).ok().map(|log| (now, log.len())));
    }

    /// Cuts off the writes of the last second. Returns their bytes.
    pub(crate) fn truncate(&mut self) -> u64 {
        let now = Instant::now();
        self.find_log();
        let log = OpenOptions::new().write(true).open(&self.log).unwrap();
        let length = log.metadata().unwrap().len();
        let safe = self.sizes.iter().find(|(at, _)| now - *at <= UNSAFE);
        let safe = safe.map_or(length, |(_, size)| length.min(*size));
        log.set_len(safe).unwrap();
        self.sizes.clear();
        length - safe
    }

    /// Finds the last log file. The sizes of another one do not count.
    fn find_log(&mut self) {
        let number = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?;
            let number = name
                .strip_prefix("appendonly.aof.")?
                .strip_suffix(".incr.aof")?;
            number.parse::<u64>().ok()
        };
        let files = fs::read_dir(&self.folder).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let last = files.filter_map(|path| Some((number(&path)?, path))).max();
        let log = last.map(|(_, path)| path).unwrap_or_default();
        if log != self.log {
            self.log = log;
            self.sizes.clear();
        }
    }
}
