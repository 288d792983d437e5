use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::build_folder;

/// The wall clock of one server. The server sees a change at once, and keeps it when it starts again. Its monotonic
/// clock never changes. Needs Linux.
pub struct ServerClock {
    offset: File,
    path: PathBuf,
}

impl ServerClock {
    /// A clock that is right, for a server with this folder.
    pub(super) fn in_folder(folder: &Path) -> Self {
        let path = folder.join("clock-offset");
        let offset = File::create(&path).unwrap();
        let clock = Self { offset, path };
        clock.set_right();
        clock
    }

    /// Sets the clock this much ahead of the machine's.
    pub fn set_ahead(&self, by: Duration) {
        self.set_offset(i64::try_from(by.as_millis()).unwrap());
    }

    /// Sets the clock this much behind the machine's.
    pub fn set_behind(&self, by: Duration) {
        self.set_offset(-i64::try_from(by.as_millis()).unwrap());
    }

    /// Sets the clock to the machine's time.
    pub fn set_right(&self) {
        self.set_offset(0);
    }

    /// Sets the difference to the machine's time, in milliseconds.
    pub fn set_offset(&self, ms: i64) {
        self.offset.write_all_at(&ms.to_ne_bytes(), 0).unwrap();
    }

    /// Makes the program read this clock.
    pub(super) fn preload(&self, program: &mut Command) {
        let library = build_folder().join("deps/libstepped_clock.so");
        // The loader only warns.
        assert!(library.exists(), "{} is missing", library.display());
        program
            .env("LD_PRELOAD", library)
            .env("STEPPED_CLOCK_FILE", &self.path);
    }
}
