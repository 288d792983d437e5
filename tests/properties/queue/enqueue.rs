use super::Queue;
use crate::operation::{Enqueue, Fault};

impl Queue {
    pub(super) async fn enqueue(&mut self, enqueue: Enqueue) {
        let (id, words, stream) = (enqueue.id(), enqueue.words(), self.key("results:own"));
        let quantity = match enqueue.fault {
            Fault::NoQuantity => "0",
            Fault::OtherQuantity => "2",
            Fault::None | Fault::ProductTwice => "1",
        };
        let mut entry = vec!["XADD", "jobs", "*", "order_id", &id, "product_id", "2"];
        entry.extend(["quantity", quantity]);
        if enqueue.has_unknown_field {
            entry.extend(["color", "red"]);
        }
        if enqueue.fault == Fault::ProductTwice {
            entry.extend(["product_id", "2"]);
        }
        if enqueue.own_stream {
            entry.extend(["reply_to", &stream]);
        }
        if enqueue.meta.is_some() {
            entry.extend(["meta", &words.meta]);
        }
        if enqueue.is_overdue {
            entry.extend(["deadline", "978307200000"]);
        }
        self.run::<String>(&entry).await;
        self.reference.enqueue(Some(enqueue));
    }

    pub(super) async fn enqueue_nonsense(&mut self) {
        self.run::<String>(&["XADD", "jobs", "*", "order", "A-0"])
            .await;
        self.reference.enqueue(None);
    }

    pub(super) async fn trim_inbox(&mut self, kept: usize) {
        self.run::<u64>(&["XTRIM", "jobs", "MAXLEN", "=", &kept.to_string()])
            .await;
        self.reference.trim_inbox(kept);
    }

    /// As an entry leaves its stream when it is older than results are kept.
    pub(super) async fn trim_result(&mut self, id: &str) {
        let Some(first) = self
            .reference
            .orders
            .get(id)
            .and_then(|order| order.first.clone())
        else {
            return;
        };
        let entry: String = self.run(&["HGET", &format!("order:{id}"), "result"]).await;
        let stream = if first.own_stream {
            "results:own"
        } else {
            "results"
        };
        self.run::<u64>(&["XDEL", stream, &entry]).await;
        self.reference.results.retain(|results| *results != first);
    }
}
