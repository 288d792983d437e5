//! Accepted and rejected keys and signatures.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
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
fn rsa_keys_may_be_pkcs1() {
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
fn public_key_that_is_short_or_not_rsa_is_rejected() {
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
fn private_key_error_does_not_quote_the_text() {
    let (private, public) = pems();
    let broken = private.replacen("MII", "MIJ", 1);
    for pem in ["", "secret words", &public, &broken] {
        let error = Signer::rsa(pem).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret words"));
    }
}

#[test]
fn signature_must_be_strict_base64() {
    let secret = AppSecret::from("demo-secret-0001".to_owned());
    let verifier = Verifier::secret(secret.clone());
    let good = Signer::secret(secret).sign(b"flat", "date");
    assert_eq!(verifier.verify(b"flat", "date", &good), Ok(()));
    let lenient = [
        good.trim_end_matches('=').to_owned(),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{}\n{}", &good[..10], &good[10..]),
        // The last character of 32 bytes has two spare bits, which must be zero.
        with_spare_bits(&good),
    ];
    for sign in lenient {
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

/// Sets the spare bits of the last character. A lenient decoder gives the same bytes.
fn with_spare_bits(sign: &str) -> String {
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
fn debug_output_hides_keys() {
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
