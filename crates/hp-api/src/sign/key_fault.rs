//! What a text is that is not the wanted key, and the command that makes the key of it.

use super::key_error::KeyError;
use crate::pem::Block;

/// The key that a caller wants.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    Private,
    Public,
}

const EC: &[u8] = &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const ED25519: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70];
const DSA: &[u8] = &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01];

const CREATE: &str = "create an RSA key pair and give the public key to HitPoints: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem`, then `openssl pkey -in private.pem -pubout -out public.pem`";
const GET_PUBLIC: &str = "get the RSA public key of HitPoints from HitPoints";
const OWN_PRIVATE: &str = "name the file with your own RSA private key";

/// Explains why none of these blocks is the wanted key.
pub(super) fn explain(wanted: Wanted, blocks: &[Block], text: &str) -> KeyError {
    let (name, forms) = match wanted {
        Wanted::Private => ("an RSA private key", "PKCS#8 or PKCS#1, without a password"),
        Wanted::Public => ("an RSA public key", "SPKI or PKCS#1"),
    };
    let (what, remedy) = fault(wanted, blocks, text.trim_start().starts_with("ssh-"));
    let what = what.map_or_else(String::new, |what| format!(": it is {what}"));
    KeyError(format!("not {name} in PEM ({forms}){what}; {remedy}"))
}

fn fault(wanted: Wanted, blocks: &[Block], is_ssh: bool) -> (Option<&'static str>, &'static str) {
    // Some tools write parameters before the key.
    let block = blocks.iter().find(|block| block.label.ends_with("KEY"));
    let Some(block) = block.or(blocks.first()) else {
        return if is_ssh {
            let remedy = "convert it: `ssh-keygen -e -m PKCS8 -f FILE > public.pem`";
            (Some("a public key of SSH"), remedy)
        } else {
            (
                None,
                "PEM begins with a line -----BEGIN and ends with a line -----END",
            )
        };
    };
    let (what, remedy) = match (block.label.as_str(), wanted) {
        ("CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE", Wanted::Public) => (
            "a certificate",
            "get the public key out of it: `openssl x509 -in FILE -pubkey -noout -out public.pem`",
        ),
        ("CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE", Wanted::Private) => {
            ("a certificate, which has no private key", OWN_PRIVATE)
        }
        ("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", Wanted::Public) => (
            "a certificate request",
            "get the public key out of it: `openssl req -in FILE -pubkey -noout -out public.pem`",
        ),
        ("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", Wanted::Private) => (
            "a certificate request, which has no private key",
            OWN_PRIVATE,
        ),
        ("PUBLIC KEY" | "RSA PUBLIC KEY", Wanted::Private) => ("a public key", OWN_PRIVATE),
        (label, Wanted::Public) if label.ends_with("PRIVATE KEY") => ("a private key", GET_PUBLIC),
        ("ENCRYPTED PRIVATE KEY", _) => encrypted(),
        (_, Wanted::Private) if block.has_encryption_header => encrypted(),
        ("OPENSSH PRIVATE KEY", _) => (
            "a private key in the format of OpenSSH",
            "convert a copy of it: `ssh-keygen -p -m PEM -f FILE`",
        ),
        ("EC PRIVATE KEY", _) => ("an elliptic curve (EC) key", CREATE),
        ("DSA PRIVATE KEY", _) => ("a DSA key", CREATE),
        _ => return content_fault(wanted, block),
    };
    (Some(what), remedy)
}

fn encrypted() -> (&'static str, &'static str) {
    (
        "encrypted with a password",
        "decrypt it: `openssl pkey -in FILE -out private.pem`",
    )
}

/// The label promises a key, but the content is another one.
fn content_fault(wanted: Wanted, block: &Block) -> (Option<&'static str>, &'static str) {
    let Some(der) = &block.der else {
        let what = "damaged: the text between its first and its last line is not base64";
        return (Some(what), "copy the file again");
    };
    let has = |oid: &[u8]| der.windows(oid.len()).take(64).any(|bytes| bytes == oid);
    let what = if has(EC) {
        "an elliptic curve (EC) key"
    } else if has(ED25519) {
        "an Ed25519 key"
    } else if has(DSA) {
        "a DSA key"
    } else {
        return (
            Some("damaged, or of another kind"),
            "copy the file again, and check it with `openssl pkey -in FILE -noout -check`",
        );
    };
    let remedy = match wanted {
        Wanted::Private => CREATE,
        Wanted::Public => GET_PUBLIC,
    };
    (Some(what), remedy)
}
