use std::{fmt, str::FromStr};

use crate::pem::{self, PemError};

/// The certificates of authorities that a TLS client trusts in place of those of the operating system.
///
/// [`FromStr`] reads them from a text in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct CaCertificates(Vec<Vec<u8>>);

impl CaCertificates {
    /// Returns each certificate in DER.
    pub fn ders(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Returns the certificates as one text in PEM.
    pub fn to_pem(&self) -> String {
        let certificates = self.ders().map(|der| pem::write(LABEL, der));
        certificates.collect()
    }
}

const LABEL: &str = "CERTIFICATE";

impl FromStr for CaCertificates {
    type Err = PemError;

    fn from_str(text: &str) -> Result<Self, PemError> {
        certificates(text, "the certificate of the authority").map(Self)
    }
}

/// Returns the certificates of a text in DER. `wanted` says which ones belong there.
pub(crate) fn certificates(text: &str, wanted: &str) -> Result<Vec<Vec<u8>>, PemError> {
    let blocks = pem::blocks(text);
    let certificates = blocks.iter().filter(|block| block.label == LABEL);
    let ders = certificates.map(|block| block.der.as_ref().map(|der| der.to_vec()));
    let ders: Option<Vec<_>> = ders.collect();
    let ders =
        ders.ok_or_else(|| PemError("a certificate in it is damaged; copy the file again".into()))?;
    if ders.is_empty() {
        let key = blocks.iter().find(|block| block.label.ends_with("KEY"));
        let found = key.map_or("no certificate", |_| "a key and no certificate");
        return Err(PemError(format!(
            "it has {found}; name the file with {wanted} in PEM (-----BEGIN CERTIFICATE-----)"
        )));
    }
    Ok(ders)
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificates({})", self.0.len())
    }
}
