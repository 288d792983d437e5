use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Redis;

/// An earlier state of a [`Redis`].
pub struct Past(TempDir);

impl Redis {
    /// What the disk of the server that has the queue holds now.
    pub fn remember(&self) -> Past {
        let past = TempDir::new().unwrap();
        copy(&self.append_only_files(), past.path());
        Past(past)
    }

    /// Ends the server that has the queue as a crash would, and starts it again without what was written since
    /// `past`.
    pub fn fall_back(&mut self, past: &Past) {
        self.crash();
        let files = self.append_only_files();
        std::fs::remove_dir_all(&files).unwrap();
        std::fs::create_dir(&files).unwrap();
        copy(past.0.path(), &files);
        self.restart();
    }

    fn append_only_files(&self) -> PathBuf {
        self.server().folder().join("appendonlydir")
    }
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
