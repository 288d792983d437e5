use std::cmp::Ordering;

/// A number, as PHP compares it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numeric {
    Int(i64),
    Float {
        value: f64,
        /// Whether it was written with more integer digits than 64 bits hold, and on which side.
        beyond: Beyond,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Beyond {
    No,
    Below,
    Above,
}

impl Numeric {
    /// The number that a text is, if it is one in PHP's eyes: blanks around it and leading zeros are
    /// allowed, hexadecimal and words such as `INF` are not.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        if !text.first().is_some_and(|byte| may_begin(*byte)) {
            return None;
        }
        let parts = Parts::of(text)?;
        if let Some(number) = parts.integer() {
            return Some(Self::Int(number));
        }
        let value = std::str::from_utf8(parts.number).ok()?.parse().ok()?;
        Some(Self::Float {
            value,
            beyond: parts.beyond(),
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "PHP loses it as well, and the order with it"
    )]
    pub(super) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float { value, .. } => value,
        }
    }

    /// The order of two numeric texts; none where PHP falls back on their bytes.
    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        use Numeric::{Float, Int};
        match (self, other) {
            (Int(a), Int(b)) => return Some(a.cmp(&b)),
            (Int(_), Float { beyond, .. }) if beyond != Beyond::No => {
                return Some(beyond.side().reverse());
            }
            (Float { beyond, .. }, Int(_)) if beyond != Beyond::No => return Some(beyond.side()),
            _ => {}
        }
        let (a, b) = (self.as_float(), other.as_float());
        let order = a.partial_cmp(&b);
        // Floats that large do not tell numbers apart.
        let too_large = a.is_infinite() || self.is_beyond_like(other);
        order.filter(|order| order.is_ne() || !too_large)
    }

    fn is_beyond_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Float { beyond: a, .. }, Self::Float { beyond: b, .. }) => {
                a == b && a != Beyond::No
            }
            _ => false,
        }
    }
}

impl Beyond {
    fn side(self) -> Ordering {
        match self {
            Self::No => Ordering::Equal,
            Self::Below => Ordering::Less,
            Self::Above => Ordering::Greater,
        }
    }
}

/// A numeric text, taken apart.
struct Parts<'a> {
    /// Without the blanks around it.
    number: &'a [u8],
    /// Digits before the point or exponent, without leading zeros.
    significant: &'a [u8],
    is_whole: bool,
    has_blank_behind: bool,
}

impl<'a> Parts<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let text = &text[run(text, is_blank)..];
        let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
        let whole = run(&text[sign..], is_digit);
        let point = sign + whole;
        let fraction = fraction(&text[point..], whole)?;
        let exponent = exponent(&text[point + fraction..]);
        let (number, behind) = text.split_at(point + fraction + exponent);
        if run(behind, is_blank) != behind.len() {
            return None;
        }
        let digits = &text[sign..point];
        let is_zero = |byte| byte == b'0';
        Some(Self {
            number,
            significant: &digits[run(digits, is_zero)..],
            is_whole: fraction + exponent == 0,
            has_blank_behind: !behind.is_empty(),
        })
    }

    fn integer(&self) -> Option<i64> {
        if !self.is_whole {
            return None;
        }
        let number: i64 = std::str::from_utf8(self.number).ok()?.parse().ok()?;
        // PHP takes the blank for another digit when it looks at the very smallest integer.
        let misread = number == i64::MIN && self.has_blank_behind;
        (!misread).then_some(number)
    }

    /// Twenty digits are beyond 64 bits to PHP even where an exponent makes the number small.
    fn beyond(&self) -> Beyond {
        if !self.is_whole && self.significant.len() < 20 {
            return Beyond::No;
        }
        match self.number.first() {
            Some(b'-') => Beyond::Below,
            _ => Beyond::Above,
        }
    }
}

/// Length of `.5`, `.` behind digits, or nothing; none where there is no digit at all.
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

fn run(text: &[u8], of: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| of(**byte)).count()
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

fn may_begin(byte: u8) -> bool {
    is_digit(byte) || matches!(byte, b'+' | b'-' | b'.') || is_blank(byte)
}
