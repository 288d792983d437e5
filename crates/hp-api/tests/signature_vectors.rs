//! The vendor's own signatures, made with its PHP client.
#![allow(
    clippy::unwrap_used,
    reason = "a vector file that cannot be read is a failed test"
)]

use hp_api::{
    AppSecret,
    sign::{Signer, Verifier, flatten},
};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/signature-vectors.json")).unwrap()
}

fn keys(vectors: &Value, case: &Value) -> (Signer, Verifier) {
    if case["alg"] == "rsa-sha1" {
        let signer = Signer::rsa(vectors["rsa_private_key_pem"].as_str().unwrap()).unwrap();
        let verifier = Verifier::rsa(vectors["rsa_public_key_pem"].as_str().unwrap()).unwrap();
        return (signer, verifier);
    }
    let secret = AppSecret::from(case["app_secret"].as_str().unwrap().to_owned());
    (Signer::secret(secret.clone()), Verifier::secret(secret))
}

#[test]
fn vendor_vectors_are_reproduced() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 46);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let (name, date) = (text("name"), text("date_gmt"));
        let flat = flatten(text("json").as_bytes()).unwrap();
        let raw = String::from_utf8([&flat, date.as_bytes()].concat()).unwrap();
        assert_eq!(raw, text("raw"), "{name}");
        let (signer, verifier) = keys(&vectors, case);
        assert_eq!(signer.sign(&flat, date), text("sign"), "{name}");
        assert_eq!(verifier.verify(&flat, date, text("sign")), Ok(()), "{name}");
    }
}

#[test]
fn signature_of_another_text_or_date_is_rejected() {
    let vectors = vectors();
    for case in vectors["cases"].as_array().unwrap() {
        let text = |field: &str| case[field].as_str().unwrap();
        let flat = flatten(text("json").as_bytes()).unwrap();
        let (_, verifier) = keys(&vectors, case);
        let longer = [&flat, b"1".as_slice()].concat();
        assert!(
            verifier
                .verify(&longer, text("date_gmt"), text("sign"))
                .is_err()
        );
        assert!(
            verifier
                .verify(&flat, "another date", text("sign"))
                .is_err()
        );
    }
}
