//! Which keys are taken, and which signatures.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot do its part is a failed test"
)]

use hp_api::{
    AppSecret,
    sign::{SignError, Signer, Verifier},
};
use rsa::{
    PrivateKey, PublicKey,
    pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey, LineEnding},
};

const SHORT: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLnrod5yLSG5wiQs39iT1Zf5O1
v//I6zyvfF4mFs4Iyd2eIQx0UOPmvR+Y8mtDfusKeUyoi1/nKWYszftmYRSAhaip
gimVtL0DRtMPEAO92CVqtbbqhvy05ObAzYJXz/0ekAiep0h+m/iGsv+xv23rXl1Y
JzHohabw4xSf5tOH6wIDAQAB
-----END PUBLIC KEY-----
";

const ELLIPTIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+5G8XnE/1phw8vBArTXKwnSAMGrI
o5Fzjupo/csV9UktwCSDgXpoEuQkI3eO82QDWuyj0WhOiLpxzzLqmf/YZQ==
-----END PUBLIC KEY-----
";

fn pems() -> (String, String) {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("data/signature-vectors.json")).unwrap();
    let pem = |name: &str| vectors[name].as_str().unwrap().to_owned();
    (pem("rsa_private_key_pem"), pem("rsa_public_key_pem"))
}

#[test]
fn rsa_keys_are_taken_in_their_older_form_as_well() {
    let (private, public) = pems();
    let private = PrivateKey::from_pkcs8_pem(&private).unwrap();
    let public = PublicKey::from_public_key_pem(&public).unwrap();
    let signer = Signer::rsa(&private.to_pkcs1_pem(LineEnding::LF).unwrap()).unwrap();
    let verifier = Verifier::rsa(&public.to_pkcs1_pem(LineEnding::LF).unwrap()).unwrap();
    let sign = signer.sign(b"flat", "date");
    assert_eq!(verifier.verify(b"flat", "date", &sign), Ok(()));
    assert_eq!(
        verifier.verify(b"flat", "later", &sign),
        Err(SignError::Wrong)
    );
}

#[test]
fn a_short_rsa_key_or_one_of_another_kind_verifies_nothing() {
    for (pem, reason) in [
        (SHORT, "1024 bits"),
        (ELLIPTIC, "not an RSA public key"),
        (pems().0.as_str(), "not an RSA public key"),
        ("", "not an RSA public key"),
    ] {
        let error = Verifier::rsa(pem).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_text_that_is_no_private_key_is_an_error_that_does_not_quote_it() {
    let (private, public) = pems();
    let broken = private.replacen("MII", "MIJ", 1);
    for pem in ["", "secret words", &public, &broken] {
        let error = Signer::rsa(pem).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret words"));
    }
}

#[test]
fn a_signature_in_any_other_writing_than_strict_base64_is_refused() {
    let secret = AppSecret::from("demo-secret-0001".to_owned());
    let verifier = Verifier::secret(secret.clone());
    let good = Signer::secret(secret).sign(b"flat", "date");
    assert_eq!(verifier.verify(b"flat", "date", &good), Ok(()));
    let loose = [
        good.trim_end_matches('=').to_owned(),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{}\n{}", &good[..10], &good[10..]),
        // The last character of 32 bytes has two spare bits; they must be zero.
        last_but_one(&good),
    ];
    for sign in loose {
        assert_eq!(
            verifier.verify(b"flat", "date", &sign),
            Err(SignError::NotBase64),
            "{sign:?}"
        );
    }
    for sign in ["", "AAAA", &format!("{}AAAA", good.replace('=', "A"))] {
        assert_eq!(
            verifier.verify(b"flat", "date", sign),
            Err(SignError::Wrong),
            "{sign:?}"
        );
    }
}

/// The same bytes to a careless reader: the spare bits of the last character set.
fn last_but_one(sign: &str) -> String {
    let mut bytes = sign.as_bytes().to_vec();
    let last = bytes.len() - 2;
    bytes[last] = match bytes[last] {
        b'9' => b'+',
        b'Z' => b'a',
        b'z' => b'0',
        other => other + 1,
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn nothing_prints_a_key() {
    let (private, public) = pems();
    let secret = AppSecret::from("demo-secret-0001".to_owned());
    let shown = format!(
        "{secret:?} {:?} {:?} {:?} {:?}",
        Signer::secret(secret.clone()),
        Verifier::secret(secret.clone()),
        Signer::rsa(&private).unwrap(),
        Verifier::rsa(&public).unwrap(),
    );
    assert_eq!(
        shown,
        "[redacted] Signer(secret [redacted]) Verifier(secret [redacted]) \
         Signer(rsa [redacted]) Verifier(rsa)"
    );
}
