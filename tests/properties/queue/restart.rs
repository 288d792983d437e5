use redis::{Value, from_redis_value};

use super::{LONG, Queue, backup::Backup};
use crate::{
    reference::{
        epoch::AdmissionDoubt,
        order::Doubt,
        state::{Rate, Reference},
    },
    sample::settings,
};

impl Queue {
    pub(super) async fn save(&mut self) {
        let mut dump = redis::pipe();
        for key in self.keys() {
            dump.cmd("DUMP").arg(&key).cmd("PTTL").arg(&key);
        }
        let parts: Vec<Value> = dump.query_async(&mut self.connection).await.unwrap();
        let values = parts.chunks_exact(2);
        let values = values.map(|pair| from_redis_value(Value::Array(pair.to_vec())).unwrap());
        let values = values.collect();
        let reference = self.reference.clone();
        self.saved = Some(Backup { reference, values });
    }

    /// A promoted replica remembers its master, and that begins an epoch too. So the server need not restart.
    pub(super) async fn restart(&mut self, forgets: bool) {
        let mut promote = redis::pipe();
        promote.cmd("REPLICAOF").arg("127.0.0.1").arg(1).ignore();
        promote.cmd("REPLICAOF").arg("NO").arg("ONE").ignore();
        promote
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
        self.server += 1;
        if forgets {
            self.fall_back().await;
        }
    }

    async fn fall_back(&mut self) {
        let keys = self.keys();
        let mut restore = redis::pipe();
        restore.del(&keys).ignore();
        if let Some(saved) = &self.saved {
            for (key, (value, left)) in keys.iter().zip(&saved.values) {
                if let Some(value) = value {
                    restore.cmd("RESTORE").arg(key);
                    restore.arg((*left).max(0)).arg(value).ignore();
                }
            }
        }
        restore
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
        let saved = self.saved.as_ref();
        self.reference = match saved {
            Some(saved) => saved.reference.clone(),
            None => self.empty_reference(),
        };
    }

    pub(super) async fn empty(&mut self) {
        let began = self.now().await;
        self.reference = self.empty_reference();
        let mut remove = redis::cmd("DEL");
        remove.arg(self.keys());
        remove
            .query_async::<u64>(&mut self.connection)
            .await
            .unwrap();
        // No queue is emptied and filled again within the millisecond of its beginning.
        while self.now().await == began {}
    }

    fn empty_reference(&self) -> Reference {
        Reference {
            rate: Rate::new(self.reference.rate.is_limited),
            ..Reference::default()
        }
    }

    pub(super) async fn doubts_pass(&mut self) {
        let back = settings().policy.resubmit_after + LONG;
        let back = format!("-{}", back.as_millis());
        if self
            .reference
            .epoch
            .is_some_and(|epoch| epoch.doubts == AdmissionDoubt::All)
        {
            self.run::<i64>(&["HINCRBY", "epoch", "since", &back]).await;
        }
        let lasts = |id: &&String| {
            matches!(
                self.reference.orders[*id].doubt,
                Doubt::Fresh | Doubt::Restored
            )
        };
        let doubted: Vec<_> = self
            .reference
            .orders
            .keys()
            .filter(lasts)
            .cloned()
            .collect();
        for id in doubted {
            let record = format!("order:{id}");
            self.run::<i64>(&["HINCRBY", &record, "restarted_at", &back])
                .await;
        }
        self.reference.doubts_pass();
        for known in self
            .workers
            .iter_mut()
            .filter_map(|worker| worker.known.as_mut())
        {
            known.latest = None;
        }
    }
}
