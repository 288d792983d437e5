use super::value::Value;

/// Reads the number at the start of a text. Returns it with its length, or `None` if there is no number.
///
/// An integer beyond 64 bits becomes a float. A float beyond its range becomes infinite.
pub(super) fn read(text: &str) -> Option<(Value<'static>, usize)> {
    let length = length(text.as_bytes());
    let text = &text[..length];
    let value = match text.parse() {
        Ok(number) => Value::Int(number),
        Err(_) => Value::Float(text.parse().ok()?),
    };
    Some((value, length))
}

/// Returns the length of the number at the start of a text, or 0.
fn length(text: &[u8]) -> usize {
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = match text.get(sign) {
        Some(b'0') => 1,
        _ => digits(&text[sign..]),
    };
    if whole == 0 {
        return 0;
    }
    let at = sign + whole;
    let at = at + fraction(&text[at..]);
    at + exponent(&text[at..])
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn fraction(text: &[u8]) -> usize {
    match text {
        [b'.', rest @ ..] => with_prefix(1, digits(rest)),
        _ => 0,
    }
}

fn exponent(text: &[u8]) -> usize {
    match text {
        [b'e' | b'E', b'+' | b'-', rest @ ..] => with_prefix(2, digits(rest)),
        [b'e' | b'E', rest @ ..] => with_prefix(1, digits(rest)),
        _ => 0,
    }
}

/// Adds the length of a point or an exponent sign, which count only if digits follow.
fn with_prefix(prefix: usize, digits: usize) -> usize {
    if digits == 0 { 0 } else { prefix + digits }
}
