//! The audit: compares ended orders with HitPoints' records.

pub(super) mod findings;
mod totals;
mod verdict;

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use hp_order::Millis;
use hp_queue::{Inspector, OrderSnapshot, QueueError};
use tokio::time::Instant;
use tracing::{debug, warn};

use self::{
    findings::Audit,
    verdict::{AuditVerdict, judge},
};
use super::run::{CONCURRENT_QUERIES, Run, RunError};
use crate::engine::retry::retry_while_unreachable;

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
            self.query_and_judge(now).await?;
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
                Ok(snapshot) if !has_ended_since(&snapshot, since) => {}
                Ok(snapshot) if self.is_on_other_account(&snapshot) => {
                    let order = &snapshot.record.wanted.order_id;
                    debug!(%order, "not compared: only another account has its record");
                }
                Ok(snapshot) => ended.push(snapshot),
                Err((id, error)) => self.report.count_unreadable(&id, &error),
            }
        }
        Ok(ended)
    }

    fn is_on_other_account(&self, snapshot: &OrderSnapshot) -> bool {
        let own = self.processor.agreement.account().as_str();
        snapshot
            .account
            .as_deref()
            .is_some_and(|account| account != own)
    }

    async fn query_and_judge(&mut self, ended: &[OrderSnapshot]) -> Result<(), RunError> {
        let processor = self.processor;
        let inspector = &processor.inspector;
        let now = retry_while_unreachable(|| inspector.now()).await?;
        let started = Instant::now();
        let mut queries: FuturesUnordered<_> = ended
            .iter()
            .map(|snapshot| async move {
                (
                    snapshot,
                    processor.query_for_run(&snapshot.record, now).await,
                )
            })
            .collect();
        let mut outcome = Ok(());
        while let Some((snapshot, verdict)) = queries.next().await {
            self.follow_throttle(&verdict).await?;
            outcome = outcome.and(self.count_verdict(&verdict));
            let answered_at = now.plus(started.elapsed());
            let judgement = judge(snapshot, verdict, &processor.policy(), answered_at);
            self.report_difference(snapshot, &judgement).await?;
            self.count_judgement(snapshot, judgement);
        }
        outcome
    }

    async fn report_difference(
        &self,
        snapshot: &OrderSnapshot,
        verdict: &AuditVerdict,
    ) -> Result<(), RunError> {
        let AuditVerdict::Disagreed(difference, _) = verdict else {
            return Ok(());
        };
        // A large audit must not push older events out of the stream.
        let is_listed = self.report.audit.as_ref().is_some_and(Audit::lists_more);
        if self.report.dry_run || !is_listed {
            return Ok(());
        }
        let (control, record) = (&self.processor.control, &snapshot.record);
        let id = &record.wanted.order_id;
        let report = || control.report_difference(id, record.state, difference);
        Ok(retry_while_unreachable(report).await?)
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
