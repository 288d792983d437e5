//! Shops open sealed results in other languages.

use std::{fs, process::Command};

use e2e::World;
use serde_json::Value;

use super::{Keys, sold_keys};

/// The folder with the examples that shops copy.
fn example(name: &str) -> String {
    format!(
        "{}/../examples/sealed-results/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Opens `pins` with an example and returns what it prints.
fn open_with_example(example: &[&str], name: &str, key: &str, pins: &str) -> String {
    let (program, words) = example.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(words).args([name, key]);
    let stdin = tempfile::NamedTempFile::new().unwrap();
    fs::write(stdin.path(), pins).unwrap();
    let output = command.stdin(stdin.reopen().unwrap()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[ignore = "needs PHP, PyNaCl and libsodium-wrappers: .ci/run installs them"]
#[tokio::test(flavor = "multi_thread")]
async fn examples_open_sealed_results() {
    let (world, keys) = (World::start(), Keys::new(&["shop", "other"]));
    let _worker = keys.worker(&world, &["other", "shop"]);
    world.enqueue("A-1", 2).await;
    let pins = world.result("A-1").await["pins"].clone();
    let vectors = fs::read_to_string(format!(
        "{}/data/sealed-vectors.json",
        env!("CARGO_MANIFEST_DIR")
    ));
    let vectors: Value = serde_json::from_str(&vectors.unwrap()).unwrap();
    let vector_key = tempfile::NamedTempFile::new().unwrap();
    fs::write(vector_key.path(), vectors["private_key"].as_str().unwrap()).unwrap();

    let python = std::env::var("HP_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let (php, py, js) = (example("open.php"), example("open.py"), example("open.js"));
    for program in [["php", &php], [&python, &py], ["node", &js]] {
        let cards = open_with_example(&program, "shop", &keys.private("shop"), &pins);
        let cards: Value = serde_json::from_str(&cards).unwrap();
        let opened: Vec<_> = cards
            .as_array()
            .unwrap()
            .iter()
            .map(|card| card["pin_key"].as_str().unwrap())
            .collect();
        assert_eq!(opened, sold_keys(&world), "{program:?}");
        let sealed = serde_json::to_string(&vectors["sealed_by"]).unwrap();
        let key = vector_key.path().to_str().unwrap();
        let text = open_with_example(&program, "worker", key, &sealed);
        assert_eq!(text, vectors["text"], "{program:?}");
    }
}
