//! The audit: compares ended orders with HitPoints' records.

mod totals;
mod verdict;

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use hp_order::Millis;
use hp_queue::{Inspector, OrderSnapshot, QueueError};
use serde::Serialize;
use tracing::warn;

use self::{
    totals::Totals,
    verdict::{AuditVerdict, judge},
};
use super::run::{CONCURRENT_QUERIES, Run, RunError};
use crate::engine::retry::retry_while_unreachable;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Audit {
    /// Orders that ended since then were compared. Unix ms.
    pub(crate) since: u64,
    pub(crate) compared: u64,
    pub(crate) agreed: u64,
    pub(crate) disagreed: u64,
    /// HitPoints gave no definite answer.
    pub(crate) unanswered: u64,
    /// The first hundred.
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

impl Run<'_> {
    /// Compares all orders that ended since then.
    pub(super) async fn audit(&mut self, since: Millis) -> Result<(), RunError> {
        self.report.audit = Some(Audit {
            since: since.0,
            ..Audit::default()
        });
        // A scan may give an order twice while Redis resizes its table. Hashes keep the memory of this set small.
        let (mut seen, hasher) = (HashSet::new(), RandomState::new());
        let (inspector, mut cursor) = (&self.processor.inspector, 0);
        loop {
            self.require_running()?;
            let (mut page, next) =
                retry_while_unreachable(|| recorded_orders(inspector, cursor)).await?;
            cursor = next;
            page.retain(|id| seen.insert(hasher.hash_one(id)));
            for ids in page.chunks(CONCURRENT_QUERIES) {
                self.compare(ids, since).await?;
            }
            if cursor == 0 {
                break;
            }
        }
        match self.report.audit.as_ref().map(|audit| audit.unanswered) {
            Some(unanswered) if unanswered > 0 => Err(RunError::Unanswered(unanswered)),
            _ => Ok(()),
        }
    }

    async fn compare(&mut self, ids: &[String], since: Millis) -> Result<(), RunError> {
        let ended = self.ended_since(ids, since).await?;
        let mut left = &ended[..];
        while !left.is_empty() {
            let permits = self.acquire_permits(left.len()).await?;
            let (now, later) = left.split_at(permits);
            self.query_and_judge(now, since).await?;
            self.progress.advance(now.len());
            left = later;
        }
        Ok(())
    }

    async fn ended_since(
        &mut self,
        ids: &[String],
        since: Millis,
    ) -> Result<Vec<OrderSnapshot>, RunError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let inspector = &self.processor.inspector;
        let mut ended = Vec::new();
        for snapshot in retry_while_unreachable(|| inspector.snapshot(&ids)).await? {
            match snapshot {
                Ok(snapshot) if has_ended_since(&snapshot, since) => ended.push(snapshot),
                Ok(_) => {}
                Err((id, error)) => self.report.count_unreadable(&id, &error),
            }
        }
        Ok(ended)
    }

    async fn query_and_judge(
        &mut self,
        ended: &[OrderSnapshot],
        since: Millis,
    ) -> Result<(), RunError> {
        let processor = self.processor;
        // Any time does: no request of an ended order can still arrive.
        let mut queries: FuturesUnordered<_> =
            ended
                .iter()
                .map(|snapshot| async move {
                    (snapshot, processor.query(&snapshot.record, since).await)
                })
                .collect();
        let mut outcome = Ok(());
        while let Some((snapshot, verdict)) = queries.next().await {
            outcome = outcome.and(self.count_verdict(&verdict));
            self.count_judgement(snapshot, judge(snapshot, verdict));
        }
        outcome
    }

    fn count_judgement(&mut self, snapshot: &OrderSnapshot, verdict: AuditVerdict) {
        let id = snapshot.record.wanted.order_id.as_str();
        if let AuditVerdict::Disagreed(difference, _) = &verdict {
            self.report.list_for_review(id);
            warn!(order = id, state = %snapshot.record.state, difference, "ledger and HitPoints disagree");
        }
        if let Some(audit) = &mut self.report.audit {
            audit.count(id, verdict);
        }
    }
}

async fn recorded_orders(
    inspector: &Inspector,
    mut cursor: u64,
) -> Result<(Vec<String>, u64), QueueError> {
    let page = inspector.recorded_orders(&mut cursor).await?;
    Ok((page, cursor))
}

fn has_ended_since(snapshot: &OrderSnapshot, since: Millis) -> bool {
    snapshot.record.state.has_ended() && snapshot.finished_at.is_none_or(|at| at >= since)
}

impl Audit {
    pub(super) fn figures(&self) -> [(&'static str, u64); 4] {
        [
            ("compared", self.compared),
            ("agreed", self.agreed),
            ("disagreed", self.disagreed),
            ("unanswered", self.unanswered),
        ]
    }

    /// Rows of figure, key and value.
    pub(super) fn rows(&self) -> Vec<[String; 3]> {
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

    fn count(&mut self, id: &str, verdict: AuditVerdict) {
        self.compared += 1;
        let charged = match verdict {
            AuditVerdict::Agreed(order) => {
                self.agreed += 1;
                order
            }
            AuditVerdict::Disagreed(difference, order) => {
                self.disagreed += 1;
                if self.disagreements.len() < LISTED {
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
