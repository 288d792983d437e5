use super::Queue;
use crate::operation::{Fault, Put};

impl Queue {
    pub(super) async fn put(&mut self, put: Put) {
        let (id, words, stream) = (put.id(), put.words(), self.key("results:own"));
        let quantity = match put.fault {
            Fault::NoQuantity => "0",
            Fault::OtherQuantity => "2",
            Fault::None | Fault::ProductTwice => "1",
        };
        let mut entry = vec!["XADD", "jobs", "*", "order_id", &id, "product_id", "2"];
        entry.extend(["quantity", quantity, "color", "red"]);
        if put.fault == Fault::ProductTwice {
            entry.extend(["product_id", "2"]);
        }
        if put.own_stream {
            entry.extend(["reply_to", &stream]);
        }
        if put.meta.is_some() {
            entry.extend(["meta", &words.meta]);
        }
        if put.is_overdue {
            entry.extend(["deadline", "1"]);
        }
        self.run::<String>(&entry).await;
        self.books.put(Some(put));
    }

    pub(super) async fn put_nonsense(&mut self) {
        self.run::<String>(&["XADD", "jobs", "*", "order", "A-0"])
            .await;
        self.books.put(None);
    }

    /// As an entry leaves its stream when it is older than results are kept.
    pub(super) async fn trim_result(&mut self, id: &str) {
        let Some(first) = self
            .books
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
        self.books.told.retain(|told| *told != first);
    }
}
