use hp_order::{Event, Millis, Moment, State, step};
use hp_queue::{Looked, Walk};

use super::run::{Run, Stopped, ask};

const PAGE: usize = 64;

/// What a run would do: it asks HitPoints as a run does, and changes nothing.
impl Run<'_> {
    pub(super) async fn preview_all(&mut self, until: Millis) -> Result<(), Stopped> {
        let mut walk = Walk::default();
        loop {
            let ledger = &self.buyer.ledger;
            let page = ledger.open_orders(&mut walk, until, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.preview(&page).await?;
        }
    }

    pub(super) async fn preview(&mut self, ids: &[String]) -> Result<(), Stopped> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for looked in self.buyer.ledger.look(&ids).await? {
            match looked {
                Ok(looked) => self.preview_one(&looked).await?,
                Err((id, why)) => self.report.add_unreadable(&id, &why),
            }
        }
        self.progress.advance(ids.len());
        Ok(())
    }

    async fn preview_one(&mut self, looked: &Looked) -> Result<(), Stopped> {
        let record = &looked.record;
        if record.state.has_ended() || looked.is_in_hand {
            self.report.in_hand += 1;
            return Ok(());
        }
        self.leave(1).await?;
        let moment = Moment {
            now: self.buyer.ledger.now().await?,
            jitter: 0.0,
        };
        let event = match record.state {
            State::Submitting => Event::Panicked,
            _ => ask(self.buyer, record).await,
        };
        let step = step(record, event, &self.buyer.policy, moment);
        let id = record.wanted.order_id.as_str();
        self.report.add(id, record.state, &step);
        self.report.preview.push(super::report::Preview {
            order_id: id.into(),
            from: record.state.as_str(),
            to: step.state.as_str(),
            message: step.message,
        });
        Ok(())
    }
}
