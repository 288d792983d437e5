use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Redis;

/// A copy of the data of a [`Redis`] at an earlier time.
pub struct Snapshot(TempDir);

impl Redis {
    /// Copies the data that the queue's server has on disk.
    pub fn snapshot(&self) -> Snapshot {
        let folder = TempDir::new().unwrap();
        copy(&self.append_only_files(), folder.path());
        Snapshot(folder)
    }

    /// Kills the queue's server and starts it again with the data of the snapshot: later writes are lost.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.crash();
        let files = self.append_only_files();
        std::fs::remove_dir_all(&files).unwrap();
        std::fs::create_dir(&files).unwrap();
        copy(snapshot.0.path(), &files);
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
