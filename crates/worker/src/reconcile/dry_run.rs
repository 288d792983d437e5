//! The dry run: queries HitPoints as a real run does, decides with the same functions, and changes nothing.

use std::collections::HashSet;

use hp_order::{DecisionInputs, Event, claim, step};
use hp_queue::OrderSnapshot;

use super::{
    check::query,
    report::Preview,
    run::{Run, RunError},
};
use crate::engine::retry::retry_while_unreachable;

impl Run<'_> {
    pub(super) async fn preview(&mut self, ids: &[String]) -> Result<(), RunError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let inspector = &self.processor.inspector;
        let mut unknown: HashSet<&str> = ids.iter().copied().collect();
        for snapshot in retry_while_unreachable(|| inspector.snapshot(&ids)).await? {
            match snapshot {
                Ok(snapshot) => {
                    unknown.remove(snapshot.record.wanted.order_id.as_str());
                    self.preview_order(&snapshot).await?;
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

    async fn preview_order(&mut self, snapshot: &OrderSnapshot) -> Result<(), RunError> {
        match (snapshot.record.state.has_ended(), &snapshot.result) {
            (true, Some(_)) => self.report.ended += 1,
            (true, None) => {
                self.report.checked += 1;
                self.report.replayed += 1;
                self.report.repaired += 1;
            }
            (false, _) if snapshot.is_in_hand => self.report.claimed += 1,
            (false, _) => self.preview_step(snapshot).await?,
        }
        Ok(())
    }

    async fn preview_step(&mut self, snapshot: &OrderSnapshot) -> Result<(), RunError> {
        self.acquire_permits(1).await?;
        let inputs = DecisionInputs {
            now: self.processor.inspector.now().await?,
            jitter: 0.0,
        };
        let facts = hp_order::ClaimFacts {
            now: inputs.now,
            is_older_epoch: false,
            is_named: true,
            has_claimant_vanished: false,
            not_found_valid_from: None,
        };
        let record = claim(&snapshot.record, &facts);
        let event = query(self.processor, &record, inputs.now).await;
        let signal = event.vendor_signal();
        if let Event::Reconciled(verdict) = &event {
            self.count_verdict(verdict)?;
        }
        let step = step(&record, event, &self.processor.policy, inputs);
        let (id, before) = (record.wanted.order_id.as_str(), snapshot.record.state);
        self.report.count(id, before, signal, &step);
        self.report.preview.push(Preview {
            order_id: id.into(),
            from: before.as_str(),
            to: step.state.as_str(),
            message: step.message,
        });
        Ok(())
    }
}
