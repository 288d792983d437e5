/// The two headers that are needed to verify an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// The header `Sign`.
    pub sign: Header<'a>,
    /// The header `Date-GMT`.
    pub date_gmt: Header<'a>,
}

/// The value of one header of an answer.
///
/// Collect it from all values with this header name, in upper or lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header<'a> {
    /// The header is missing.
    #[default]
    Missing,
    /// The header has one value.
    Once(&'a [u8]),
    /// The header is repeated, so it is ambiguous.
    Repeated,
}

impl<'a> FromIterator<&'a [u8]> for Header<'a> {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Missing,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

impl<'a> Header<'a> {
    /// Returns the one value. An empty value and `0` count as missing, as in the vendor's client.
    pub(super) fn text(self) -> Result<&'a str, &'static str> {
        match self {
            Self::Missing | Self::Once(b"" | b"0") => Err("is missing"),
            Self::Repeated => Err("is repeated"),
            Self::Once(value) => std::str::from_utf8(value).map_err(|_| "is not text"),
        }
    }
}
