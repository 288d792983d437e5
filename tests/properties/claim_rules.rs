//! Claims an order in every state under every condition, and compares Redis with `hp_order::claim`.

use std::time::Duration;

use e2e::{Redis, rules};
use hp_order::{Cause, ClaimConditions, ClaimFacts, Millis, Record, State, claim, claim_rule};
use hp_queue::{Claim, Control, FirstSource, Handle, Inspector, Ledger};

use crate::queue::claim::is_about;

const LEASE: Duration = Duration::from_mins(1);
const ID: &str = "A-1";
const CAUSES: [Option<Cause>; 3] = [None, Some(Cause::RedisRestarted), Some(Cause::Refused)];

/// A queue with one order.
struct Queue<'a> {
    redis: &'a Redis,
    prefix: String,
    ledger: Ledger,
    control: Control,
    inspector: Inspector,
    /// When its epoch began: a restart of Redis that may have lost writes.
    epoch_since: Millis,
}

#[tokio::test]
async fn claim_scripts_apply_the_rules_of_hp_order() {
    let redis = Redis::single_with("--appendonly no");
    let mut case = 0;
    for state in State::ALL {
        for conditions in ClaimConditions::ALL {
            for cause in CAUSES {
                case += 1;
                let queue = Queue::open(&redis, case).await;
                queue.store(state, conditions, cause).await;
                queue.claim_agrees(conditions).await;
            }
        }
    }
}

impl<'a> Queue<'a> {
    async fn open(redis: &'a Redis, case: u32) -> Self {
        let prefix = format!("{{rule{case}}}");
        let client = hp_queue::connect(&redis.url()).unwrap();
        let handle = Handle::open(&client, &prefix.parse().unwrap());
        let mut queue = Self {
            redis,
            prefix,
            ledger: Ledger::new(handle.clone(), rules()),
            control: Control::new(handle.clone(), rules()),
            inspector: Inspector::new(handle),
            epoch_since: Millis(0),
        };
        queue.ledger.report_watermark().await.unwrap();
        queue.epoch_since = queue.inspector.now().await.unwrap();
        let since = queue.epoch_since.0.to_string();
        queue.run::<u64>("HSET", "epoch", &["since", &since]).await;
        queue
    }

    async fn run<T: redis::FromRedisValue>(&self, command: &str, key: &str, rest: &[&str]) -> T {
        let key = format!("{}:{key}", self.prefix);
        self.redis.command(&[&[command, &key], rest].concat()).await
    }

    /// An order that is due, with a doubt from an earlier restart. If it has ended, it is due for a replay.
    async fn store(&self, state: State, conditions: ClaimConditions, cause: Option<Cause>) {
        let present: String = self.run("HGET", "epoch", &["id"]).await;
        let (older, restarted_at) = ("earlier".to_owned(), (self.epoch_since.0 - 1).to_string());
        let epoch = if conditions.is_older_epoch {
            older
        } else {
            present
        };
        let settled = if conditions.has_claimant_vanished {
            "2"
        } else {
            "3"
        };
        let mut fields = vec!["state", state.as_str(), "epoch", &epoch, "settled", settled];
        fields.extend([
            "product_id",
            "2",
            "quantity",
            "1",
            "claim",
            "3",
            "attempts",
            "2",
        ]);
        fields.extend([
            "checks",
            "4",
            "crashes",
            "1",
            "accepted_at",
            "5",
            "submitted_at",
            "6",
        ]);
        fields.extend(["updated_at", "7", "restarted_at", &restarted_at]);
        fields.extend(["code", "400100", "message", "why", "deadline", "9"]);
        if let Some(cause) = &cause {
            fields.extend(["cause", cause.as_str()]);
        }
        match state {
            State::Failed => fields.extend(["reason", "refused", "source", "fetch"]),
            State::Rejected => fields.extend(["reason", "unknown_product"]),
            _ => {}
        }
        if state.has_ended() {
            fields.extend(["result", "1-1", "finished_at", "8"]);
            let id = ID.parse().unwrap();
            self.control.request_replay(&id, Millis(0)).await.unwrap();
        } else {
            self.run::<u64>("ZADD", "open", &["5", ID]).await;
        }
        self.run::<u64>("HSET", &format!("order:{ID}"), &fields)
            .await;
        self.run::<u64>("ZADD", "schedule", &["0", ID]).await;
    }

    async fn snapshot(&self) -> Record {
        let snapshots = self.inspector.snapshot(&[ID]).await.unwrap();
        snapshots.into_iter().next().unwrap().unwrap().record
    }

    async fn claim(&self, is_named: bool) -> Option<Claim> {
        let batch = if is_named {
            self.ledger.claim_named(1, LEASE, &[ID]).await
        } else {
            let first = FirstSource::Schedule;
            self.ledger.claim_batch(1, LEASE, first).await
        };
        batch.unwrap().claims.pop()
    }

    async fn claim_agrees(&self, conditions: ClaimConditions) {
        let stored = self.snapshot().await;
        let preview = self.ledger.preview_claims(LEASE, &[ID]).await.unwrap();
        let preview = preview.into_iter().next().unwrap().unwrap().claimed();
        let claimed = self.claim(conditions.is_named).await;
        if stored.state == State::Review && !conditions.is_named {
            assert!(claimed.is_none(), "only an operator decides");
            return;
        }
        let claimed = claimed.unwrap();
        let expected = self.expected(&stored, conditions, claimed.at);
        let expected = with_times_of(&claimed.record, expected);
        assert_eq!(claimed.record, expected, "{conditions:?}");
        if conditions.is_named {
            let preview = with_times_of(&expected, preview);
            assert_eq!(preview, expected, "preview, {conditions:?}");
        }
        let kept = Record {
            not_found_valid_from: None,
            arrives_until: None,
            due_at: None,
            ..expected
        };
        let stored = Record {
            due_at: None,
            ..self.snapshot().await
        };
        assert_eq!(stored, kept, "stored, {conditions:?}");
    }

    fn expected(&self, stored: &Record, conditions: ClaimConditions, now: Millis) -> Record {
        let resubmit_after = rules().policy.resubmit_after;
        let cause = claim_rule(stored.state, conditions).cause.or(stored.cause);
        let begins = match cause {
            // No worker has reported a loss, and each would have done so within the lease.
            Some(Cause::RedisRestarted) => self.epoch_since.plus(LEASE),
            _ => self.epoch_since.plus(resubmit_after),
        };
        let record = Record {
            due_at: stored.due_at.filter(|_| conditions.is_named),
            arrives_until: stored.submitted_at.map(|at| at.plus(resubmit_after)),
            not_found_valid_from: Some(Millis(self.epoch_since.0 - 1).plus(resubmit_after)),
            ..stored.clone()
        };
        let facts = ClaimFacts {
            now,
            is_older_epoch: conditions.is_older_epoch,
            is_named: conditions.is_named,
            has_claimant_vanished: conditions.has_claimant_vanished,
            resubmit_after,
            not_found_valid_from: Some(begins),
        };
        claim(&record, &facts)
    }
}

/// Takes over the times until which requests may arrive, if they are about the same.
fn with_times_of(found: &Record, record: Record) -> Record {
    for (expected, found) in [
        (record.not_found_valid_from, found.not_found_valid_from),
        (record.arrives_until, found.arrives_until),
    ] {
        assert!(is_about(expected, found), "{expected:?}, {found:?}");
    }
    Record {
        not_found_valid_from: found.not_found_valid_from,
        arrives_until: found.arrives_until,
        ..record
    }
}
