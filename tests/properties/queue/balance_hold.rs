use hp_order::Millis;
use proptest::prop_assert_eq;

use super::{LONG, Queue, Verdict};

impl Queue {
    pub(super) async fn hold_balance(&mut self) {
        self.control()
            .hold_balance("CNY".parse().unwrap(), LONG)
            .await
            .unwrap();
        if !std::mem::replace(&mut self.reference.is_balance_held, true) {
            self.reference.add_event("balance.low", "");
        }
    }

    pub(super) async fn lift_balance_hold(&mut self) {
        self.control()
            .lift_balance_hold("CNY".parse().unwrap())
            .await
            .unwrap();
        if std::mem::take(&mut self.reference.is_balance_held) {
            self.reference.add_event("balance.restored", "");
        }
    }

    pub(super) async fn both_try_balance_hold(&mut self) -> Verdict {
        let until: Option<u64> = self.run(&["HGET", "holds", "CNY"]).await;
        prop_assert_eq!(until.is_some(), self.reference.is_balance_held, "held");
        // After the hold was lifted every worker may try, and none delays the others.
        let until = until.unwrap_or(1);
        let mut has_right = Vec::new();
        for worker in &self.workers {
            // Longer than any hold so far, so that the second meets another end than it believes in.
            let longer = LONG + Millis(until).since(Millis(0));
            let tried =
                worker
                    .control
                    .try_balance_hold("CNY".parse().unwrap(), Millis(until), longer);
            has_right.push(tried.await.unwrap());
        }
        let is_free = !self.reference.is_balance_held;
        prop_assert_eq!(has_right, [true, is_free], "the right to try goes to one");
        if self.reference.is_balance_held {
            let until = until.to_string();
            self.run::<u64>(&["HSET", "holds", "CNY", &until]).await;
        }
        Ok(())
    }
}
