//! Runs each fuzz target over its corpus.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::{fs, path::Path};

/// Runs a target over the corpus of this name.
fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let files = fs::read_dir(&folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{} has no corpus", folder.display());
    for file in files {
        println!("{}", file.display());
        target(&fs::read(file).unwrap());
    }
}

macro_rules! corpora {
    ($($test:ident: $target:ident;)*) => {$(
        #[test]
        fn $test() {
            run(stringify!($target), fuzz_targets::$target);
        }
    )*};
}

corpora! {
    corpus_of_flatten_passes: flatten;
    corpus_of_answers_passes: answer;
    corpus_of_job_entries_passes: job_entry;
    corpus_of_configurations_passes: configuration;
    corpus_of_histories_passes: history;
    corpus_of_order_files_passes: order_file;
}
