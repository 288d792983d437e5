/// The two headers of an answer that its signature needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `Sign`
    pub sign: Header<'a>,
    /// `Date-GMT`
    pub date_gmt: Header<'a>,
}

/// What an answer has under one header name. Collect it from all values under that name, whatever
/// the case of its letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header<'a> {
    /// Nothing.
    #[default]
    Missing,
    /// One value.
    Once(&'a [u8]),
    /// More than one value, so that it is not clear which one counts.
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
    /// The one value. The vendor's client takes an empty one and `0` for missing.
    pub(super) fn text(self) -> Result<&'a str, &'static str> {
        match self {
            Self::Missing | Self::Once(b"" | b"0") => Err("is missing"),
            Self::Repeated => Err("is there more than once"),
            Self::Once(value) => std::str::from_utf8(value).map_err(|_| "is not text"),
        }
    }
}
