use std::fmt;

use zeroize::Zeroizing;

use crate::{
    ca_certificates::certificates,
    pem::{self, Block, PemError},
};

/// The certificate with which a TLS client identifies itself, with the certificates of its issuers, and its private key.
///
/// `Debug` does not print the key.
#[derive(Clone)]
pub struct ClientCertificate {
    chain: Vec<Vec<u8>>,
    key_label: String,
    key: Zeroizing<Vec<u8>>,
}

/// The reason why a client certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// The text of the certificate.
    #[error("{0}")]
    Certificate(PemError),
    /// The text of the private key.
    #[error("{0}")]
    Key(PemError),
}

impl ClientCertificate {
    /// Reads a certificate and its private key from two texts in PEM. Does not check whether they belong together.
    ///
    /// # Errors
    /// [`ClientCertificateError`] names the text that cannot be used. It does not quote the text.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, ClientCertificateError> {
        let chain = certificates(certificate, "the certificate of this client")
            .map_err(ClientCertificateError::Certificate)?;
        let (key_label, key) = private_key(key).map_err(ClientCertificateError::Key)?;
        Ok(Self {
            chain,
            key_label,
            key,
        })
    }

    /// Returns each certificate in DER, the client's own first.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(Vec::as_slice)
    }

    /// Returns the certificates as one text in PEM.
    pub fn chain_pem(&self) -> String {
        let certificates = self.chain().map(|der| pem::write("CERTIFICATE", der));
        certificates.collect()
    }

    /// Returns the private key in PEM.
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::write(&self.key_label, &self.key))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.chain.len())
    }
}

/// The kind and the content of the first private key in a text.
fn private_key(text: &str) -> Result<(String, Zeroizing<Vec<u8>>), PemError> {
    let mut blocks = pem::blocks(text);
    let is_key = |block: &Block| block.label.ends_with("PRIVATE KEY");
    let Some(at) = blocks.iter().position(is_key) else {
        return Err(no_key(&blocks));
    };
    let block = blocks.swap_remove(at);
    if block.has_encryption_header || block.label.starts_with("ENCRYPTED") {
        return Err(PemError(
            "the private key in it is encrypted; decrypt it: `openssl pkey -in FILE -out key.pem`, then `chmod 600 key.pem`".into(),
        ));
    }
    let damaged = || PemError("the private key in it is damaged; copy the file again".into());
    Ok((block.label, block.der.ok_or_else(damaged)?))
}

fn no_key(blocks: &[Block]) -> PemError {
    let found = match blocks.first().map(|block| block.label.as_str()) {
        Some("CERTIFICATE") => "a certificate and no private key",
        Some(label) if label.ends_with("PUBLIC KEY") => "a public key and no private key",
        _ => "no private key",
    };
    PemError(format!(
        "it has {found}; name the file with the private key in PEM (-----BEGIN PRIVATE KEY-----)"
    ))
}

#[cfg(test)]
mod tests {
    use super::{ClientCertificate, ClientCertificateError};

    const CERTIFICATE: &str = include_str!("../tests/data/tls/issued.crt");
    const KEY: &str = include_str!("../tests/data/tls/issued.key");

    #[test]
    fn certificate_and_key_are_read_in_every_form() {
        let both = format!("{KEY}{CERTIFICATE}");
        for (certificate, key) in [
            (CERTIFICATE, KEY),
            (&both, &both),
            (
                &CERTIFICATE.replace('\n', "\r\n"),
                &KEY.replace('\n', "  \n"),
            ),
        ] {
            let read = ClientCertificate::from_pem(certificate, key).unwrap();
            assert_eq!(read.chain_pem(), CERTIFICATE);
            assert_eq!(*read.key_pem(), KEY);
            assert_eq!(format!("{read:?}"), "ClientCertificate(1)");
        }
    }

    #[test]
    fn text_at_fault_is_named_and_not_quoted() {
        let encrypted = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let old = KEY.replace("KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
        let damaged = KEY.replace("\nM", "\n?M");
        for (key, words) in [
            (CERTIFICATE, "a certificate and no private key"),
            ("hunter2", "no private key"),
            (&KEY.replace("PRIVATE", "PUBLIC"), "a public key"),
            (&encrypted, "openssl pkey -in FILE"),
            (&old, "openssl pkey -in FILE"),
            (&damaged, "damaged"),
        ] {
            let error = ClientCertificate::from_pem(CERTIFICATE, key).unwrap_err();
            assert!(
                matches!(error, ClientCertificateError::Key(_)),
                "{error:?} of {words}"
            );
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("hunter2"), "{text}");
        }
        let error = ClientCertificate::from_pem(KEY, KEY).unwrap_err();
        assert!(matches!(error, ClientCertificateError::Certificate(_)));
        assert!(error.to_string().contains("a key and no certificate"));
    }
}
