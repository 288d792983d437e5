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

/// A key as editors, scripts and environment variables hand it over.
fn forms(pem: &str) -> [String; 9] {
    let content: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    [
        format!("{pem}\n\n\n"),
        pem.replace('\n', " \t\n"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', " "),
        format!("\u{feff}{pem}"),
        format!("\"{}\"", pem.replace('\n', "\\n")),
        content,
    ]
}

#[test]
fn rsa_keys_are_read_in_every_usual_form() {
    let (private, public) = pems();
    let (key, peer) = (
        PrivateKey::from_pkcs8_pem(&private).unwrap(),
        PublicKey::from_public_key_pem(&public).unwrap(),
    );
    let old_private = key.to_pkcs1_pem(LineEnding::LF).unwrap();
    let old_public = peer.to_pkcs1_pem(LineEnding::LF).unwrap();
    let sign = Signer::rsa(&private).unwrap().sign(b"flat", "date");
    for private in [private.as_str(), &old_private].map(forms).concat() {
        let signer = Signer::rsa(&private).unwrap_or_else(|error| panic!("{private:?}: {error}"));
        assert_eq!(signer.sign(b"flat", "date"), sign);
    }
    for public in [public.as_str(), &old_public].map(forms).concat() {
        let verifier = Verifier::rsa(&public).unwrap_or_else(|error| panic!("{public:?}: {error}"));
        assert_eq!(verifier.verify(b"flat", "date", &sign), Ok(()));
    }
    // A file may have more than the key.
    let certificate = include_str!("data/keys/certificate.pem");
    assert!(Signer::rsa(&format!("{certificate}{private}")).is_ok());
    assert!(Verifier::rsa(&format!("{private}{public}")).is_ok());
}

#[test]
fn other_keys_are_named_with_the_command_that_helps() {
    let (private, public) = pems();
    for (pem, what, command) in [
        (
            include_str!("data/keys/encrypted.pem"),
            "encrypted with a password",
            "openssl pkey -in",
        ),
        (
            include_str!("data/keys/encrypted_traditional.pem"),
            "encrypted with a password",
            "openssl pkey -in",
        ),
        (
            include_str!("data/keys/ec.pem"),
            "an elliptic curve (EC) key",
            "openssl genpkey -algorithm RSA",
        ),
        (
            include_str!("data/keys/ec_traditional.pem"),
            "an elliptic curve (EC) key",
            "openssl genpkey -algorithm RSA",
        ),
        (
            include_str!("data/keys/ed25519.pem"),
            "an Ed25519 key",
            "openssl genpkey -algorithm RSA",
        ),
        (
            include_str!("data/keys/openssh.pem"),
            "format of OpenSSH",
            "ssh-keygen -p -m PEM",
        ),
        (
            include_str!("data/keys/certificate.pem"),
            "a certificate",
            "own RSA private key",
        ),
        (
            include_str!("data/keys/request.pem"),
            "a certificate request",
            "own RSA private key",
        ),
        (&public, "a public key", "own RSA private key"),
        (
            &private.replacen("MII", "MIJ", 1),
            "damaged",
            "copy the file again",
        ),
        (
            &private.replacen("MII", "M*I", 1),
            "not base64",
            "copy the file again",
        ),
        ("", "not an RSA private key", "-----BEGIN"),
    ] {
        assert_explained(
            &Signer::rsa(pem).unwrap_err().to_string(),
            pem,
            what,
            command,
        );
    }
    for (pem, what, command) in [
        (
            include_str!("data/keys/certificate.pem"),
            "a certificate",
            "openssl x509 -in",
        ),
        (
            include_str!("data/keys/request.pem"),
            "a certificate request",
            "openssl req -in",
        ),
        (
            include_str!("data/keys/openssh.pub"),
            "a public key of SSH",
            "ssh-keygen -e -m PKCS8",
        ),
        (
            include_str!("data/keys/encrypted.pem"),
            "a private key",
            "public key of HitPoints",
        ),
        (&private, "a private key", "public key of HitPoints"),
        (
            ELLIPTIC,
            "an elliptic curve (EC) key",
            "public key of HitPoints",
        ),
    ] {
        assert_explained(
            &Verifier::rsa(pem).unwrap_err().to_string(),
            pem,
            what,
            command,
        );
    }
}

/// The error names the fault and the command, and nothing of the key.
fn assert_explained(error: &str, pem: &str, what: &str, command: &str) {
    assert!(error.contains(what) && error.contains(command), "{error}");
    let content = pem
        .lines()
        .filter(|line| line.len() > 8 && !line.starts_with('-'));
    for line in content {
        assert!(!error.contains(&line[..8]), "{error}");
    }
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
