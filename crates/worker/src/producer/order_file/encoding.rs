//! The text of a file of orders. Spreadsheets write UTF-8 with a byte order mark, or UTF-16.

/// Reads UTF-8 or UTF-16, with or without a byte order mark. The error names the line, if there is one, and the remedy.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, (u64, String)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err((1, refused("UTF-32"))),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // A file of orders begins with a letter, a quote or a brace.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, (u64, String)> {
    str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let why = "this is not UTF-8: save the file as UTF-8. A spreadsheet may have written Windows-1252 or GBK";
        (line as u64, why.to_owned())
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, (u64, String)> {
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(text),
        _ => Err((1, refused("UTF-16 that is damaged"))),
    }
}

fn refused(encoding: &str) -> String {
    format!("the encoding of this file is {encoding}: save the file as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn text_is_read_from_every_encoding_of_unicode() {
        let text = "order_id,meta\r\nA-1,余额 😀\r\n";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xff, 0xfe], &little[..]].concat(),
            [&[0xfe, 0xff], &big[..]].concat(),
            little.clone(),
            big.clone(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(decode(b"").as_deref(), Ok(""));
    }

    #[test]
    fn other_encodings_are_named() {
        let latin = b"order_id,meta\nA-1,\xe4\n";
        let damaged = [0xff, 0xfe, b'o', 0, b'r'];
        let lone_surrogate = [0xff, 0xfe, 0x00, 0xd8, b'o', 0];
        let wide = [0xff, 0xfe, 0, 0, b'o', 0, 0, 0];
        for (bytes, line, words) in [
            (&latin[..], 2, "Windows-1252"),
            (&damaged, 1, "UTF-16 that is damaged"),
            (&lone_surrogate, 1, "UTF-16 that is damaged"),
            (&wide, 1, "UTF-32"),
        ] {
            let (found, why) = decode(bytes).unwrap_err();
            assert_eq!(found, line, "{why}");
            assert!(
                why.contains(words) && why.contains("save the file as UTF-8"),
                "{why}"
            );
        }
    }
}
