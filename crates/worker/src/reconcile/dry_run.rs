//! The dry run: queries HitPoints as a real run does, decides with the same functions, and changes nothing.

use std::collections::HashSet;

use hp_order::{DecisionInputs, Event, step};
use hp_queue::ClaimPreview;
use tokio::time::Instant;

use super::{
    check::query,
    report::Preview,
    run::{Run, RunError},
};
use crate::engine::retry::retry_while_unreachable;

impl Run<'_> {
    pub(super) async fn preview(&mut self, ids: &[String]) -> Result<(), RunError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (ledger, lease) = (&self.processor.ledger, self.processor.lease);
        let mut unknown: HashSet<&str> = ids.iter().copied().collect();
        for preview in retry_while_unreachable(|| ledger.preview_claims(lease, &ids)).await? {
            match preview {
                Ok(preview) => {
                    unknown.remove(preview.snapshot.record.wanted.order_id.as_str());
                    self.preview_order(&preview).await?;
                }
                Err((id, error)) => {
                    unknown.remove(&*id);
                    self.report.count_unreadable(&id, &error);
                }
            }
        }
        for id in unknown {
            if self.is_named {
                self.report.count_unknown(id);
            } else {
                self.report.repaired += 1;
            }
        }
        self.progress.advance(ids.len());
        Ok(())
    }

    async fn preview_order(&mut self, preview: &ClaimPreview) -> Result<(), RunError> {
        let snapshot = &preview.snapshot;
        match (snapshot.record.state.has_ended(), &snapshot.result) {
            (true, Some(_)) => self.report.ended += 1,
            (true, None) => {
                self.report.checked += 1;
                self.report.replayed += 1;
                self.report.repaired += 1;
            }
            (false, _) if snapshot.is_claimed => self.report.claimed += 1,
            (false, _) if self.leaves_unsent() && is_certainly_uncharged(preview) => {
                self.report.uncharged += 1;
            }
            (false, _) => self.preview_step(preview).await?,
        }
        Ok(())
    }

    async fn preview_step(&mut self, preview: &ClaimPreview) -> Result<(), RunError> {
        self.acquire_permits(1).await?;
        let inputs = DecisionInputs::new(self.processor.inspector.now().await?, 0.0);
        let (record, started) = (preview.claimed(), Instant::now());
        let event = query(self.processor, &record, inputs.now).await;
        let inputs = inputs.answered_after(started.elapsed());
        let signal = event.vendor_signal();
        if let Event::Reconciled(verdict) = &event {
            self.follow_throttle(verdict).await?;
            self.count_verdict(verdict)?;
        }
        let step = step(&record, event, &self.processor.policy(), inputs);
        let id = record.wanted.order_id.as_str();
        self.report.count(id, record.state, signal, &step);
        self.report.preview.push(Preview {
            order_id: id.into(),
            from: preview.snapshot.record.state.as_str(),
            to: step.state.as_str(),
            message: step.message,
        });
        Ok(())
    }
}

/// A restart of Redis casts doubt on an order that seems unsent.
fn is_certainly_uncharged(preview: &ClaimPreview) -> bool {
    preview.snapshot.record.state.is_unsent() && !preview.facts.is_older_epoch
}
