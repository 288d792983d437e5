use super::Queue;
use crate::books::Books;

/// What was on the disk: the books of then, and all keys.
pub(super) struct Saved {
    books: Books,
    values: Vec<Option<Vec<u8>>>,
}

impl Queue {
    pub(super) async fn save(&mut self) {
        let mut dump = redis::pipe();
        for key in self.keys() {
            dump.cmd("DUMP").arg(key);
        }
        let values = dump.query_async(&mut self.connection).await.unwrap();
        let books = self.books.clone();
        self.saved = Some(Saved { books, values });
    }

    /// A replica that is promoted remembers whom it took over from, and that is another life. So the server needs not
    /// really be started again.
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
            for (key, value) in keys.iter().zip(&saved.values) {
                if let Some(value) = value {
                    restore.cmd("RESTORE").arg(key).arg(0).arg(value).ignore();
                }
            }
        }
        restore
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
        let saved = self.saved.as_ref();
        self.books = saved.map(|saved| saved.books.clone()).unwrap_or_default();
    }
}
