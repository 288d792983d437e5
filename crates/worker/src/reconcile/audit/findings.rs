use serde::Serialize;

use super::{totals::Totals, verdict::AuditVerdict};

/// The findings of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Audit {
    /// Orders that ended since then were compared. Unix ms.
    pub(crate) since: u64,
    pub(crate) compared: u64,
    pub(crate) agreed: u64,
    pub(crate) disagreed: u64,
    /// HitPoints gave no definite answer.
    pub(crate) unanswered: u64,
    /// The first hundred disagreements.
    pub(crate) disagreements: Vec<Disagreement>,
    pub(crate) totals: Totals,
}

/// An ended order about which ledger and HitPoints disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Disagreement {
    pub(crate) order_id: String,
    #[serde(rename = "what")]
    pub(crate) difference: String,
}

/// The most disagreements that a report lists.
const LISTED: usize = 100;

impl Audit {
    pub(in crate::reconcile) fn figures(&self) -> [(&'static str, u64); 4] {
        [
            ("compared", self.compared),
            ("agreed", self.agreed),
            ("disagreed", self.disagreed),
            ("unanswered", self.unanswered),
        ]
    }

    /// Rows of figure, key and value.
    pub(in crate::reconcile) fn rows(&self) -> Vec<[String; 3]> {
        let figures = self
            .figures()
            .map(|(name, figure)| [format!("audit_{name}"), String::new(), figure.to_string()]);
        let disagreements = self.disagreements.iter().map(|found| {
            let (id, difference) = (found.order_id.clone(), found.difference.clone());
            ["audit_disagreement".into(), id, difference]
        });
        figures
            .into_iter()
            .chain(self.totals.rows())
            .chain(disagreements)
            .collect()
    }

    /// `true` if the next disagreement is listed.
    pub(super) fn lists_more(&self) -> bool {
        self.disagreements.len() < LISTED
    }

    pub(super) fn count(&mut self, id: &str, verdict: AuditVerdict) {
        self.compared += 1;
        let charged = match verdict {
            AuditVerdict::Agreed(order) => {
                self.agreed += 1;
                order
            }
            AuditVerdict::Disagreed(difference, order) => {
                self.disagreed += 1;
                if self.lists_more() {
                    let order_id = id.into();
                    self.disagreements.push(Disagreement {
                        order_id,
                        difference,
                    });
                }
                order
            }
            AuditVerdict::Unanswered => {
                self.unanswered += 1;
                None
            }
        };
        if let Some(order) = charged {
            self.totals.add(&order);
        }
    }
}
