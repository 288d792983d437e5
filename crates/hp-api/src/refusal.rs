use crate::{
    call_error::CallError,
    code::{self, Meaning, RefusalKind},
};

/// The reason why an attempt certainly charged nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind, which decides what the caller does next.
    pub kind: RefusalKind,
    /// The vendor's code, if the vendor answered.
    pub code: Option<i64>,
    /// The reason as text, for logs and operators.
    pub message: String,
}

impl Refusal {
    /// Returns the refusal that an error of a fetch proves, or `None` if the fetch may have been executed.
    pub(crate) fn from_error(error: &CallError) -> Option<Self> {
        let (kind, code, message) = match error {
            CallError::NeverSent(why) => (RefusalKind::NeverSent, None, why.clone()),
            CallError::Cancelled => (RefusalKind::NeverSent, None, error.to_string()),
            CallError::Api(api) => match code::meaning(api.code) {
                Meaning::Refused(kind) => (kind, Some(api.code), api.message.clone()),
                Meaning::Exists | Meaning::Unclear => return None,
            },
            _ => return None,
        };
        Some(Self {
            kind,
            code,
            message,
        })
    }
}
