use rsa::{
    PrivateKey, PublicKey,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey},
    traits::PublicKeyParts,
};
use sha1::{Digest, Sha1};

use super::{
    key_error::KeyError,
    key_fault::{Wanted, explain},
};
use crate::pem::{self, Block};

/// The shortest key that may verify answers, in bits.
const MIN_BITS: u32 = 2048;

/// Reads the first private key of a text.
pub(super) fn private_key(pem: &str) -> Result<PrivateKey, KeyError> {
    let blocks = pem::blocks(pem);
    let key = blocks.iter().find_map(private_key_of);
    let key = key.ok_or_else(|| explain(Wanted::Private, &blocks, pem))?;
    // A key that parses can still be broken. The trial signature reports it now and not with the first order.
    match key.validate().and_then(|()| try_sign(&key, b"", "")) {
        Ok(_) => Ok(key),
        Err(_) => Err(KeyError(
            "an RSA private key that cannot sign; create a new key pair".into(),
        )),
    }
}

/// Reads the first public key of a text.
pub(super) fn public_key(pem: &str) -> Result<PublicKey, KeyError> {
    let blocks = pem::blocks(pem);
    let key = blocks.iter().find_map(public_key_of);
    let key = key.ok_or_else(|| explain(Wanted::Public, &blocks, pem))?;
    let bits = key.n().bit_width();
    if bits < MIN_BITS {
        return Err(KeyError(format!(
            "an RSA public key of {bits} bits; use one of at least {MIN_BITS} bits"
        )));
    }
    Ok(key)
}

/// The label may be that of the other form, because its owner has written it.
fn private_key_of(block: &Block) -> Option<PrivateKey> {
    let is_key = ["", "PRIVATE KEY", "RSA PRIVATE KEY"].contains(&&*block.label);
    let der = block.der.as_ref().filter(|_| is_key)?;
    let key = PrivateKey::from_pkcs8_der(der);
    key.ok().or_else(|| PrivateKey::from_pkcs1_der(der).ok())
}

fn public_key_of(block: &Block) -> Option<PublicKey> {
    let is_key = ["", "PUBLIC KEY", "RSA PUBLIC KEY"].contains(&&*block.label);
    let der = block.der.as_ref().filter(|_| is_key)?;
    let key = PublicKey::from_public_key_der(der);
    key.ok().or_else(|| PublicKey::from_pkcs1_der(der).ok())
}

/// Signs with blinding from the operating system's random numbers. Blinding does not change the signature.
pub(super) fn try_sign(key: &PrivateKey, flat: &[u8], date: &str) -> rsa::Result<Vec<u8>> {
    key.pkcs1v15_sign_prehash::<Sha1>(&digest(flat, date))
}

pub(super) fn matches(key: &PublicKey, flat: &[u8], date: &str, signature: &[u8]) -> bool {
    key.pkcs1v15_verify_prehash::<Sha1>(&digest(flat, date), signature)
        .is_ok()
}

fn digest(flat: &[u8], date: &str) -> [u8; 20] {
    Sha1::new()
        .chain_update(flat)
        .chain_update(date)
        .finalize()
        .into()
}
