use serde::Serialize;

use super::kind::ObstacleKind;

/// One thing that keeps orders from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Obstacle {
    pub(crate) kind: ObstacleKind,
    /// What it is, for a column of a table.
    #[serde(skip)]
    pub(crate) brief: String,
    /// What it is, with all that is known.
    pub(crate) text: String,
    /// What to do next. `None`: nothing, it ends by itself.
    pub(crate) next: Option<String>,
}

impl Obstacle {
    pub(super) fn new(kind: ObstacleKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind,
            brief: text.clone(),
            text,
            next: None,
        }
    }

    pub(super) fn brief(self, brief: impl Into<String>) -> Self {
        Self {
            brief: brief.into(),
            ..self
        }
    }

    pub(super) fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }
}
