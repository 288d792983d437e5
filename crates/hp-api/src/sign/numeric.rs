use std::cmp::Ordering;

/// A number, in the form in which PHP compares it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numeric {
    Int(i64),
    Float { value: f64, overflow: Overflow },
}

/// The side on which a number has more integer digits than 64 bits hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Overflow {
    None,
    Below,
    Above,
}

impl Numeric {
    /// Parses a text that PHP takes for a number.
    ///
    /// PHP allows blanks around it and leading zeros, but not hexadecimal digits or words such as `INF`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if !text.first().is_some_and(|byte| can_begin(*byte)) {
            return None;
        }
        let parts = Parts::parse(text)?;
        if let Some(number) = parts.integer() {
            return Some(Self::Int(number));
        }
        let value = std::str::from_utf8(parts.number).ok()?.parse().ok()?;
        Some(Self::Float {
            value,
            overflow: parts.overflow(),
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "PHP loses the same precision, and the order depends on it"
    )]
    pub(super) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float { value, .. } => value,
        }
    }

    /// Compares two numeric texts. Returns `None` if PHP compares their bytes instead.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        use Numeric::{Float, Int};
        match (self, other) {
            (Int(a), Int(b)) => return Some(a.cmp(&b)),
            (Int(_), Float { overflow, .. }) if overflow != Overflow::None => {
                return Some(overflow.side().reverse());
            }
            (Float { overflow, .. }, Int(_)) if overflow != Overflow::None => {
                return Some(overflow.side());
            }
            _ => {}
        }
        let (a, b) = (self.as_float(), other.as_float());
        let order = a.partial_cmp(&b);
        // Floats that large are equal for different numbers.
        let is_too_large = a.is_infinite() || self.overflows_like(other);
        order.filter(|order| order.is_ne() || !is_too_large)
    }

    fn overflows_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Float { overflow: a, .. }, Self::Float { overflow: b, .. }) => {
                a == b && a != Overflow::None
            }
            _ => false,
        }
    }
}

impl Overflow {
    fn side(self) -> Ordering {
        match self {
            Self::None => Ordering::Equal,
            Self::Below => Ordering::Less,
            Self::Above => Ordering::Greater,
        }
    }
}

/// The parts of a numeric text.
struct Parts<'a> {
    /// The text without the blanks around it.
    number: &'a [u8],
    /// The digits before the point or exponent, without leading zeros.
    significant: &'a [u8],
    is_whole: bool,
    has_trailing_blank: bool,
}

impl<'a> Parts<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = &text[run(text, is_blank)..];
        let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
        let whole = run(&text[sign..], is_digit);
        let point = sign + whole;
        let fraction = fraction(&text[point..], whole)?;
        let exponent = exponent(&text[point + fraction..]);
        let (number, rest) = text.split_at(point + fraction + exponent);
        if run(rest, is_blank) != rest.len() {
            return None;
        }
        let digits = &text[sign..point];
        let is_zero = |byte| byte == b'0';
        Some(Self {
            number,
            significant: &digits[run(digits, is_zero)..],
            is_whole: fraction + exponent == 0,
            has_trailing_blank: !rest.is_empty(),
        })
    }

    fn integer(&self) -> Option<i64> {
        if !self.is_whole {
            return None;
        }
        let number: i64 = std::str::from_utf8(self.number).ok()?.parse().ok()?;
        // PHP counts a trailing blank as a digit, and then rejects the smallest integer.
        let is_misread = number == i64::MIN && self.has_trailing_blank;
        (!is_misread).then_some(number)
    }

    /// To PHP 20 digits are beyond 64 bits, even if an exponent makes the number small.
    fn overflow(&self) -> Overflow {
        if !self.is_whole && self.significant.len() < 20 {
            return Overflow::None;
        }
        match self.number.first() {
            Some(b'-') => Overflow::Below,
            _ => Overflow::Above,
        }
    }
}

/// Returns the length of a fraction such as `.5`, or of a `.` after digits. Returns `None` if there is no digit at all.
fn fraction(text: &[u8], digits_before: usize) -> Option<usize> {
    let digits = match text {
        [b'.', rest @ ..] => run(rest, is_digit),
        _ => return (digits_before > 0).then_some(0),
    };
    (digits_before + digits > 0).then_some(1 + digits)
}

fn exponent(text: &[u8]) -> usize {
    let (sign, rest) = match text {
        [b'e' | b'E', b'+' | b'-', rest @ ..] => (1, rest),
        [b'e' | b'E', rest @ ..] => (0, rest),
        _ => return 0,
    };
    match run(rest, is_digit) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

/// Returns the number of bytes at the start that satisfy the condition.
fn run(text: &[u8], condition: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| condition(**byte)).count()
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

fn can_begin(byte: u8) -> bool {
    is_digit(byte) || matches!(byte, b'+' | b'-' | b'.') || is_blank(byte)
}
