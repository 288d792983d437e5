use std::borrow::Cow;

use super::error::JsonError;

/// Reads the text that begins at `start`, after its opening quote. Returns it with the position after the closing quote.
pub(super) fn read(json: &str, start: usize) -> Result<(Cow<'_, str>, usize), JsonError> {
    let stop = end_of_plain(json, start)?;
    if json.as_bytes()[stop] == b'"' {
        return Ok((Cow::Borrowed(&json[start..stop]), stop + 1));
    }
    let mut text = String::with_capacity(2 * (stop - start) + 16);
    let mut from = start;
    let mut at = stop;
    while json.as_bytes()[at] == b'\\' {
        text.push_str(&json[from..at]);
        let (character, end) = escape(json, at)?;
        text.push(character);
        from = end;
        at = end_of_plain(json, from)?;
    }
    text.push_str(&json[from..at]);
    Ok((Cow::Owned(text), at + 1))
}

/// Returns the position of the next quote or backslash.
fn end_of_plain(json: &str, from: usize) -> Result<usize, JsonError> {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    let rest = &json.as_bytes()[from..];
    let Some(length) = rest.iter().position(is_special) else {
        return Err(JsonError::new("a text without a closing quote", json.len()));
    };
    if rest[length] < 0x20 {
        return Err(JsonError::new(
            "a control character in a text",
            from + length,
        ));
    }
    Ok(from + length)
}

/// Reads an escape. Returns its character with the position after it.
fn escape(json: &str, at: usize) -> Result<(char, usize), JsonError> {
    let wrong = || JsonError::new("an unknown escape in a text", at);
    let character = match json.as_bytes().get(at + 1).ok_or_else(wrong)? {
        b'u' => return unicode(json, at),
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        plain @ (b'"' | b'\\' | b'/') => char::from(*plain),
        _ => return Err(wrong()),
    };
    Ok((character, at + 2))
}

/// Reads `\uXXXX`, or two of them for a character beyond 16 bits.
fn unicode(json: &str, at: usize) -> Result<(char, usize), JsonError> {
    let first = unit(json, at)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, at + 6));
    }
    let lone = || JsonError::new("half a surrogate pair in a text", at);
    let second = unit(json, at + 6).map_err(|_| lone())?;
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return Err(lone());
    }
    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Ok((char::from_u32(code).ok_or_else(lone)?, at + 12))
}

/// Reads the 16 bits of the `\uXXXX` at this position.
fn unit(json: &str, at: usize) -> Result<u32, JsonError> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let Some([b'\\', b'u', digits @ ..]) = json.as_bytes().get(at..at + 6) else {
        return Err(JsonError::new("an unfinished escape in a text", at));
    };
    digits
        .iter()
        .try_fold(0, |unit, byte| Some(unit * 16 + digit(byte)?))
        .ok_or_else(|| JsonError::new("an escape that is not hexadecimal in a text", at))
}
