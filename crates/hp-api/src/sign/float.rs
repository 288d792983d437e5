use std::io::Write;

/// The significant digits of a float in PHP: the default of its setting `precision`.
const DIGITS: usize = 14;

/// Writes a float as PHP casts it to text.
pub(super) fn write(out: &mut Vec<u8>, value: f64) {
    if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"INF" } else { b"-INF" });
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let (digits, exponent) = decimal(value.abs());
    if (-4..14).contains(&exponent) {
        plain(out, &digits, exponent);
    } else {
        scientific(out, &digits, exponent);
    }
}

/// Returns the digits without trailing zeros, and the power of ten of the first digit.
fn decimal(value: f64) -> (String, i32) {
    let text = format!("{value:.*e}", DIGITS - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let kept = if keeps_zeros(value) {
        DIGITS
    } else {
        digits.trim_end_matches('0').len().max(1)
    };
    (digits[..kept].to_owned(), exponent.parse().unwrap_or(0))
}

/// Returns `true` if PHP keeps the trailing zeros of this number.
///
/// PHP 8.2 does so if it rounds a whole number of 15 digits from exactly the middle to an even 0:
/// 100000000000205.0 becomes `1.0000000000020E+14`.
#[expect(clippy::float_cmp, reason = "only the exact middle counts")]
fn keeps_zeros(value: f64) -> bool {
    (1e14..1e15).contains(&value) && value % 100.0 == 5.0
}

fn plain(out: &mut Vec<u8>, digits: &str, exponent: i32) {
    let Ok(whole) = usize::try_from(exponent + 1) else {
        out.extend_from_slice(b"0.");
        out.extend((exponent + 1..0).map(|_| b'0'));
        out.extend_from_slice(digits.as_bytes());
        return;
    };
    if digits.len() <= whole {
        out.extend_from_slice(digits.as_bytes());
        out.extend((digits.len()..whole).map(|_| b'0'));
        return;
    }
    let (before, after) = digits.split_at(whole);
    out.extend_from_slice(if before.is_empty() {
        b"0"
    } else {
        before.as_bytes()
    });
    out.push(b'.');
    out.extend_from_slice(after.as_bytes());
}

fn scientific(out: &mut Vec<u8>, digits: &str, exponent: i32) {
    let (first, rest) = digits.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    // Writing to a vector cannot fail.
    let _ = write!(out, "{first}.{rest}E{exponent:+}");
}
