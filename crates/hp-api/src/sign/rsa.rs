use rsa::{
    PrivateKey, PublicKey,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey},
    traits::PublicKeyParts,
};
use sha1::{Digest, Sha1};

use super::key_error::KeyError;

/// The shortest key that may verify answers, in bits.
const MIN_BITS: u32 = 2048;

pub(super) fn private_key(pem: &str) -> Result<PrivateKey, KeyError> {
    let key = PrivateKey::from_pkcs8_pem(pem)
        .or_else(|_| PrivateKey::from_pkcs1_pem(pem))
        .map_err(|_| {
            KeyError("not an RSA private key in PEM (PKCS#8 or PKCS#1, without a password)".into())
        })?;
    // A key that parses can still be broken. The trial signature reports it now and not with the first order.
    match key.validate().and_then(|()| try_sign(&key, b"", "")) {
        Ok(_) => Ok(key),
        Err(_) => Err(KeyError(
            "an RSA private key that cannot sign; create a new key pair".into(),
        )),
    }
}

pub(super) fn public_key(pem: &str) -> Result<PublicKey, KeyError> {
    let key = PublicKey::from_public_key_pem(pem)
        .or_else(|_| PublicKey::from_pkcs1_pem(pem))
        .map_err(|_| KeyError("not an RSA public key in PEM (SPKI or PKCS#1)".into()))?;
    let bits = key.n().bit_width();
    if bits < MIN_BITS {
        return Err(KeyError(format!(
            "an RSA public key of {bits} bits; use one of at least {MIN_BITS} bits"
        )));
    }
    Ok(key)
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
