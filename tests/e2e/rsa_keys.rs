//! RSA keys as files and environment variables hand them over.

use std::{fs, path::Path};

use e2e::{Worker, World, assert_fields};
use hp_sandbox::Options;

fn pem(name: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let keys = tests.join("../crates/hp-sandbox/tests/keys");
    fs::read_to_string(keys.join(name)).unwrap()
}

fn world() -> World {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let keys = tests.join("../crates/hp-sandbox/tests/keys");
    World::with_vendor(Options {
        rsa_client_key: Some(keys.join("client-public.pem")),
        rsa_server_key: Some(keys.join("server-private.pem")),
        ..Options::local()
    })
}

#[tokio::test]
async fn rsa_keys_in_one_line_of_a_variable_buy() {
    let world = world();
    let private = pem("client-private.pem").replace('\n', "\\n");
    let server = pem("server-public.pem").replace('\n', "\\n");
    let _worker = world.worker_with(&[
        ("HP_API__RSA_PRIVATE_KEY", &private),
        ("HP_API__RSA_SERVER_KEY", &server),
    ]);
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test]
async fn rsa_key_files_may_be_untidy() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let (private, server) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
    let text = pem("client-private.pem").replace('\n', "  \r\n");
    fs::write(&private, format!("\u{feff}{text}\r\n\r\n\r\n")).unwrap();
    let units = pem("server-public.pem");
    let units = units.encode_utf16().flat_map(u16::to_le_bytes);
    fs::write(
        &server,
        [0xFF, 0xFE].into_iter().chain(units).collect::<Vec<_>>(),
    )
    .unwrap();
    let _worker = world.worker_with(&[
        ("HP_API__RSA_PRIVATE_KEY_FILE", private.to_str().unwrap()),
        ("HP_API__RSA_SERVER_KEY_FILE", server.to_str().unwrap()),
    ]);
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test]
async fn unusable_rsa_key_is_named_and_not_shown() {
    let world = world();
    let (own, theirs) = (pem("client-private.pem"), pem("server-public.pem"));
    let folder = tempfile::tempdir().unwrap();
    let der = folder.path().join("key.der");
    fs::write(&der, [0x30, 0x82, 0x04, 0xA1, 0xFF]).unwrap();
    let der = der.to_str().unwrap();
    for (settings, words) in [
        (
            [
                ("HP_API__RSA_PRIVATE_KEY", &*theirs),
                ("HP_API__RSA_SERVER_KEY", &own),
            ],
            ["an RSA private key", "it is a public key"],
        ),
        (
            [
                ("HP_API__RSA_PRIVATE_KEY", &own),
                ("HP_API__RSA_SERVER_KEY", &own),
            ],
            ["an RSA public key", "it is a private key"],
        ),
        (
            [
                ("HP_API__RSA_PRIVATE_KEY", &own[..800]),
                ("HP_API__RSA_SERVER_KEY", &theirs),
            ],
            ["an RSA private key", "-----END"],
        ),
        (
            [
                ("HP_API__RSA_PRIVATE_KEY_FILE", der),
                ("HP_API__RSA_SERVER_KEY", &theirs),
            ],
            ["api.rsa_private_key_file", "openssl pkey -inform DER"],
        ),
    ] {
        let output = Worker::output(&["config"], &world.settings(&settings));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        for word in words {
            assert!(error.contains(word), "no {word} in {error}");
        }
        for line in own
            .lines()
            .chain(theirs.lines())
            .filter(|line| !line.starts_with('-'))
        {
            assert!(!error.contains(&line[..8]), "{error}");
        }
    }
}
