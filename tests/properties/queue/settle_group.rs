use super::{Queue, Verdict, settle::SettledClaim};
use crate::operation::Group;

impl Queue {
    pub(super) async fn settle_group(&mut self, wanted: Group) -> Verdict {
        let Some(worker) = self.held.last().map(|held| held.worker) else {
            return Ok(());
        };
        let new = self.take_claims(worker, wanted);
        let is_own = |settled: &&SettledClaim| settled.held.worker == worker;
        let old = self.settled.iter().rev().filter(is_own);
        let mut group: Vec<_> = old.take(wanted.again).cloned().collect();
        group.extend(new.iter().cloned());
        if wanted.is_first_twice {
            group.push(group[0].clone());
        }
        self.settled.extend(new);
        let broken = wanted.broken.and_then(|index| group.get(index));
        let broken = broken.map(|settled| settled.id().to_owned());
        let broken = match broken {
            Some(id) if self.run(&["EXISTS", &format!("order:{id}")]).await => Some(id),
            _ => None,
        };
        self.apply(&group, broken.as_deref()).await
    }

    /// Takes the latest claims of a worker that are not settled, one for each event.
    fn take_claims(&mut self, worker: usize, wanted: Group) -> Vec<SettledClaim> {
        let mut taken = Vec::new();
        for event in wanted.events {
            let latest = self.held.iter().rposition(|held| held.worker == worker);
            let Some(latest) = latest else { break };
            let held = self.held.remove(latest);
            taken.push(SettledClaim::new(held, event, wanted.at));
        }
        taken
    }

    /// Puts something in the place of a record that is none.
    pub(super) async fn hide_record(&mut self, id: &str) {
        let (record, hidden) = (format!("order:{id}"), self.key("hidden"));
        self.run::<()>(&["RENAME", &record, &hidden]).await;
        self.run::<()>(&["SET", &record, "no record"]).await;
    }

    pub(super) async fn show_record(&mut self, id: &str) {
        let record = self.key(&format!("order:{id}"));
        self.run::<()>(&["RENAME", "hidden", &record]).await;
    }
}
