use std::collections::HashSet;

use hp_order::{Cause, DecisionInputs, Event, Record, State, step};
use hp_queue::OrderSnapshot;

use super::run::{Run, Stopped, ask};
use crate::patience::retry_while_unreachable;

/// What a run would do: it asks HitPoints as a run does, and changes nothing.
impl Run<'_> {
    pub(super) async fn preview(&mut self, ids: &[String]) -> Result<(), Stopped> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let inspector = &self.processor.inspector;
        let mut unknown: HashSet<&str> = ids.iter().copied().collect();
        for looked in retry_while_unreachable(|| inspector.snapshot(&ids)).await? {
            match looked {
                Ok(looked) => {
                    unknown.remove(looked.record.wanted.order_id.as_str());
                    self.preview_one(&looked).await?;
                }
                Err((id, why)) => {
                    unknown.remove(&*id);
                    self.report.add_unreadable(&id, &why);
                }
            }
        }
        for id in unknown {
            if self.is_named {
                self.report.add_unknown(id);
            } else {
                self.report.repaired += 1;
            }
        }
        self.progress.advance(ids.len());
        Ok(())
    }

    async fn preview_one(&mut self, looked: &OrderSnapshot) -> Result<(), Stopped> {
        let record = in_doubt(&looked.record);
        if record.state.has_ended() && looked.result.is_some() {
            self.report.ended += 1;
            return Ok(());
        }
        if record.state.has_ended() {
            self.report.looked_at += 1;
            self.report.told_again += 1;
            self.report.repaired += 1;
            return Ok(());
        }
        if looked.is_claimed {
            self.report.in_hand += 1;
            return Ok(());
        }
        self.leave(1).await?;
        let moment = DecisionInputs {
            now: self.processor.inspector.now().await?,
            jitter: 0.0,
        };
        let event = ask(self.processor, &record, moment.now).await;
        let contact = event.vendor_signal();
        if let Event::Reconciled(finding) = &event {
            self.hear_alone(finding)?;
        }
        let step = step(&record, event, &self.processor.policy, moment);
        let id = record.wanted.order_id.as_str();
        self.report.add(id, looked.record.state, contact, &step);
        self.report.preview.push(super::report::Preview {
            order_id: id.into(),
            from: looked.record.state.as_str(),
            to: step.state.as_str(),
            message: step.message,
        });
        Ok(())
    }
}

/// As a run would claim it: nobody knows what became of an order whose worker is gone.
fn in_doubt(record: &Record) -> Record {
    let (state, cause) = match record.state {
        State::Submitting => (State::Uncertain, Some(Cause::WorkerDied)),
        state => (state, record.cause),
    };
    Record {
        state,
        cause,
        ..record.clone()
    }
}
