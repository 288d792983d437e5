use std::{fs, path::Path, process::Output};

use crate::search::Search;

/// What the program has produced, by place.
#[derive(Default)]
pub(crate) struct Evidence(Vec<(String, Vec<u8>)>);

impl Evidence {
    pub(crate) fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    pub(crate) fn add_output(&mut self, place: &str, output: Output) {
        self.add(format!("{place}: standard output"), output.stdout);
        self.add(format!("{place}: standard error"), output.stderr);
    }

    /// Adds the files of a folder, except those that `skip` names.
    pub(crate) fn add_files(&mut self, folder: &Path, skip: &dyn Fn(&Path) -> bool) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if skip(&path) {
                continue;
            }
            if path.is_dir() {
                self.add_files(&path, skip);
            } else if path.is_file() {
                self.add(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    /// Adds all of another one.
    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The places in which the search finds something, and what.
    pub(crate) fn leaks(&self, search: &Search) -> Vec<String> {
        let leaks = self.0.iter().filter_map(|(place, bytes)| {
            let found = search.find(bytes);
            (!found.is_empty()).then(|| format!("{place}: {found:?}"))
        });
        leaks.collect()
    }

    /// Fails if the search finds anything.
    pub(crate) fn assert_clean(&self, search: &Search) {
        let leaks = self.leaks(search);
        assert!(leaks.is_empty(), "leaks:\n{}", leaks.join("\n"));
    }

    /// The text of a place, for assertions about what the test has reached.
    pub(crate) fn text(&self, place: &str) -> String {
        let texts = self.0.iter().filter(|(name, _)| name.starts_with(place));
        texts
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}
