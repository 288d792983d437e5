//! Texts in PEM, as the usual tools write them and as they arrive through editors and environment variables.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use zeroize::Zeroizing;

/// The reason why a file is not the PEM text that was expected. The message does not quote the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PemError(pub(crate) String);

/// One object of a PEM text.
pub(crate) struct Block {
    /// What the object is, such as `PRIVATE KEY`. Empty if the text is the bare base64 of one object.
    pub(crate) label: String,
    /// `true` if the object is encrypted in the way of old versions of OpenSSL.
    pub(crate) has_encryption_header: bool,
    /// The object in DER. `None` if the text between the markers is not base64.
    pub(crate) der: Option<Zeroizing<Vec<u8>>>,
}

/// Converts the bytes of a file to text. It removes a byte order mark, and understands UTF-16.
///
/// # Errors
/// [`PemError`] if the file is not text. It names the `openssl` command that converts a file in DER.
pub fn pem_text(bytes: Vec<u8>) -> Result<String, PemError> {
    let bytes = Zeroizing::new(bytes);
    let text = match bytes.as_slice() {
        [0xFF, 0xFE, text @ ..] => from_utf16(text, u16::from_le_bytes),
        [0xFE, 0xFF, text @ ..] => from_utf16(text, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, text @ ..] | text => str::from_utf8(text).ok().map(str::to_owned),
    };
    text.ok_or_else(|| PemError(not_text(&bytes).to_owned()))
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// What a file in DER may be: a sequence whose length has two bytes.
fn not_text(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(&[0x30, 0x82]) {
        "it is binary (DER or PKCS#12) in place of PEM; convert it. A private key: `openssl pkey -inform DER -in FILE -out key.pem`, a public key: `openssl pkey -pubin -inform DER -in FILE -pubout -out key.pem`, a certificate: `openssl x509 -inform DER -in FILE -out cert.pem`, a PKCS#12 file: `openssl pkcs12 -in FILE -nodes -out key.pem`"
    } else {
        "it is not a text file in PEM; PEM is text that begins with -----BEGIN"
    }
}

/// Reads the objects of a text. It accepts every kind of line end and space, also `\n` written as two characters.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let mut rest = text.as_str();
    let mut blocks = Vec::new();
    while let Some((block, after)) = next_block(rest) {
        blocks.push(block);
        rest = after;
    }
    if blocks.is_empty() {
        blocks.extend(bare(&text));
    }
    blocks
}

fn next_block(text: &str) -> Option<(Block, &str)> {
    let (_, text) = text.split_once("-----BEGIN ")?;
    let (label, text) = text.split_once("-----")?;
    let (body, text) = text.split_once("-----END ")?;
    let block = Block {
        label: label.trim().to_owned(),
        has_encryption_header: body.contains("Proc-Type:"),
        der: decode(body),
    };
    Some((block, text))
}

/// A key that its owner has copied without the markers.
fn bare(text: &str) -> Option<Block> {
    let der = decode(text.trim_matches(['"', '\'', '\u{feff}']));
    let der = der.filter(|der| der.first() == Some(&0x30));
    der.map(|der| Block {
        label: String::new(),
        has_encryption_header: false,
        der: Some(der),
    })
}

fn decode(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|c| !c.is_whitespace()));
    let unpadded = base64.trim_end_matches('=');
    let der = STANDARD
        .decode(base64.as_bytes())
        .or_else(|_| STANDARD_NO_PAD.decode(unpadded));
    der.ok().map(Zeroizing::new)
}

/// Writes an object in PEM.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    // Base64 is ASCII.
    lines.extend(
        base64
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned()),
    );
    lines.push(format!("-----END {label}-----\n"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(text: &str) -> Vec<u8> {
        blocks(text)[0].der.as_ref().unwrap().to_vec()
    }

    #[test]
    fn every_form_of_a_text_has_the_same_content() {
        let object = [0x30, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat(20);
        let text = write("THING", &object);
        for text in [
            text.clone(),
            format!("\u{feff}{text}"),
            text.replace('\n', "\r\n"),
            text.replace('\n', "  \n"),
            text.replace('\n', " "),
            text.replace('\n', "\\n"),
            text.replace('\n', "\\r\\n"),
            format!("\"{}\"", text.replace('\n', "\\n")),
            format!("{text}\n\n\n"),
            format!("Bag Attributes\n    friendlyName: a\n{text}"),
            STANDARD.encode(&object),
        ] {
            assert_eq!(der(&text), object, "{text}");
        }
        for (bytes, order) in [
            (u16::to_le_bytes as fn(u16) -> [u8; 2], [0xFF, 0xFE]),
            (u16::to_be_bytes, [0xFE, 0xFF]),
        ] {
            let units = text.encode_utf16().flat_map(bytes);
            let file = order.into_iter().chain(units).collect();
            assert_eq!(der(&pem_text(file).unwrap()), object);
        }
    }

    #[test]
    fn binary_file_is_named_with_the_command() {
        let error = pem_text(vec![0x30, 0x82, 4, 0xA1, 0xFF]).unwrap_err();
        assert!(error.to_string().contains("openssl pkey -inform DER"));
        assert!(pem_text(vec![0xC0, 0x80]).is_err());
    }
}
