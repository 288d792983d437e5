//! Key pairs: `worker keygen`, and files and settings with keys that cannot be used.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use e2e::World;

use super::Keys;
use crate::obstacles::run_with;

#[tokio::test(flavor = "multi_thread")]
async fn unusable_private_key_file_is_explained() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let own = keys.private("shop");
    let public = own.replace(".key", ".missing");
    let (code, text) = run_with(&world, &["results", "--open-with", &public], &[]);
    assert_eq!(code, 2);
    assert!(text.contains("cannot read the private key in"), "{text}");
    fs::write(&public, "not a key, but Secret-Text\n").unwrap();
    let (code, text) = run_with(&world, &["results", "--open-with", &public], &[]);
    assert_eq!(code, 2);
    assert!(
        text.contains("is not a private key") && !text.contains("Secret"),
        "{text}"
    );
    fs::set_permissions(&own, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, text) = run_with(&world, &["results", "--open-with", &own], &[]);
    assert_eq!(code, 0);
    assert!(text.contains("chmod 600"), "{text}");
}

#[test]
fn keygen_writes_a_pair_and_replaces_nothing() {
    let keys = Keys::new(&[]);
    let (code, text) = keys.keygen("shop");
    assert_eq!(code, 0, "{text}");
    let (private, (_, public)) = (keys.private("shop"), keys.setting("shop"));
    let mode = fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = fs::read_to_string(&private).unwrap();
    assert!(!text.contains(secret.trim()), "{text}");
    assert!(text.contains(&format!("shop = \"{public}\"")), "{text}");
    assert_eq!(keys.private_key("shop").public().to_string(), public);

    let (code, text) = keys.keygen("shop");
    assert_eq!(code, 2);
    assert!(text.contains("Choose another name"), "{text}");
    assert_eq!(fs::read_to_string(&private).unwrap(), secret);
    fs::remove_file(&private).unwrap();
    let (code, _) = keys.keygen("shop");
    assert_eq!(code, 2, "the public key is there");
    assert!(!Path::new(&private).exists(), "half a pair stays");
    let (code, text) = keys.keygen("Shop 1");
    assert_eq!(code, 2);
    assert!(text.contains("lower-case letters"), "{text}");
    assert_ne!(Keys::new(&["shop"]).setting("shop").1, public);
}

/// The steps of docs/security.md.

#[tokio::test(flavor = "multi_thread")]
async fn unusable_public_key_stops_the_worker() {
    let world = World::start();
    let keys = Keys::new(&["shop"]);
    let private = fs::read_to_string(keys.private("shop")).unwrap();
    for (name, value, wanted) in [
        ("SHOP", private.trim(), "this is a private key"),
        ("SHOP", "AAAA", "44 characters"),
        (
            "SHOP",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "protects nothing",
        ),
        ("S HOP", "AAAA", "not a setting"),
        ("SHOP", "", "is empty"),
    ] {
        let variable = format!("HP_RESULTS__SEAL_TO__{name}");
        let (code, text) = run_with(&world, &["config"], &[(&variable, value)]);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("results.seal_to") && text.contains(wanted),
            "{text}"
        );
        assert!(!text.contains(private.trim()), "{text}");
    }
}
