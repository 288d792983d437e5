use std::{collections::HashMap, time::Duration};

use hp_order::{Backoff, Policy, State};
use hp_queue::{
    Account, Agreement, Claim, FirstSource, Handle, Ledger, Prefix, Recipients, Retention, Rules,
    connect,
};
use redis::{AsyncConnectionConfig, Pipeline, aio::MultiplexedConnection, cmd};
use tokio::runtime::{Builder, Runtime};

use super::{Order, Taken, redis_server::RedisServer, rules::Fields};

/// The entries of a stream.
type Stream = Vec<(String, Fields)>;

const LEASE: Duration = Duration::from_hours(1);
/// Each call takes at least one entry.
const MOST_CALLS: usize = 20;

/// A queue in a private Redis.
pub(super) struct Queue {
    runtime: Runtime,
    connection: MultiplexedConnection,
    handle: Handle,
    _server: RedisServer,
}

impl Queue {
    pub(super) fn start() -> Self {
        let server = RedisServer::start();
        let url = format!("redis://127.0.0.1:{}", server.port);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (connection, handle) = runtime.block_on(async {
            let client = redis::Client::open(&*url).unwrap();
            let patient = AsyncConnectionConfig::new().set_response_timeout(None);
            let connection = client.get_multiplexed_async_connection_with_config(&patient);
            let connection = connection.await.unwrap();
            let handle = Handle::open(&connect(&url).unwrap(), &Prefix::default());
            (connection, handle)
        });
        Self {
            runtime,
            connection,
            handle,
            _server: server,
        }
    }

    /// Lets a worker take these entries from an inbox that has nothing else, in a Redis that has nothing else.
    pub(super) fn take(&mut self, entries: &[Fields]) -> Taken {
        let mut add = redis::pipe();
        add.cmd("FLUSHALL").ignore();
        for fields in entries {
            add_entry(&mut add, fields);
        }
        let (connection, handle) = (&mut self.connection, &self.handle);
        self.runtime.block_on(async {
            let _: Vec<String> = add.query_async(connection).await.unwrap();
            // A new ledger knows nothing of the Redis before.
            let account = Account::from("demo@https://hitpoints.invalid");
            let ledger = Ledger::new(handle.clone(), Agreement::new(account, rules()));
            let orders = claim_all(&ledger, connection).await;
            let dead_letters = dead_letters(connection).await;
            Taken {
                orders,
                answers: answers(connection).await,
                dead_letters,
            }
        })
    }
}

fn add_entry(add: &mut Pipeline, fields: &Fields) {
    let command = add.cmd("XADD").arg("{hp}:jobs").arg("*");
    for (name, value) in fields {
        command.arg(name).arg(value);
    }
}

/// Claims until the inbox is empty.
async fn claim_all(ledger: &Ledger, connection: &mut MultiplexedConnection) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..MOST_CALLS {
        let batch = ledger
            .claim_batch(MOST_CALLS, LEASE, FirstSource::Inbox)
            .await;
        let batch = batch.unwrap();
        assert!(batch.unreadable.is_empty(), "{:?}", batch.unreadable);
        assert_eq!(batch.lost, 0, "entries count as lost");
        orders.extend(batch.claims.into_iter().map(read_claim));
        let left: usize = query(cmd("XLEN").arg("{hp}:jobs"), connection).await;
        if left == 0 {
            return orders;
        }
    }
    panic!("entries stay in the inbox");
}

fn read_claim(claim: Claim) -> Order {
    let record = claim.record;
    assert_eq!((record.state, record.attempts), (State::Submitting, 1));
    Order {
        id: record.wanted.order_id.to_string(),
        product_id: record.wanted.product_id.get(),
        quantity: record.wanted.quantity.get(),
        deadline: record.deadline.map(|at| at.0),
        reply_to: claim.reply_to.map(String::into_bytes),
        meta: claim.meta,
        traceparent: claim.traceparent.map(String::into_bytes),
    }
}

/// The fields as they were sent. The script adds its own at the end.
async fn dead_letters(connection: &mut MultiplexedConnection) -> Vec<(Fields, String)> {
    let letters = read_stream(b"{hp}:rejected", connection).await;
    let letters = letters.into_iter().map(|mut fields| {
        assert_eq!(fields.pop().unwrap().0, b"entry_id");
        let (name, reason) = fields.pop().unwrap();
        assert_eq!(name, b"reason");
        (fields, String::from_utf8(reason).unwrap())
    });
    letters.collect()
}

async fn answers(connection: &mut MultiplexedConnection) -> HashMap<Vec<u8>, Vec<[Vec<u8>; 3]>> {
    let streams: Vec<Vec<u8>> = query(cmd("KEYS").arg("{hp}:results*"), connection).await;
    let mut answers = HashMap::new();
    for stream in streams {
        let entries = read_stream(&stream, connection).await;
        let entries = entries
            .iter()
            .map(|fields| ["order_id", "status", "reason"].map(|name| find(fields, name).to_vec()));
        let entries = entries.collect();
        answers.insert(stream, entries);
    }
    answers
}

fn find<'a>(fields: &'a Fields, name: &str) -> &'a [u8] {
    let field = fields.iter().find(|(known, _)| known == name.as_bytes());
    field.map_or(&[], |(_, value)| value)
}

async fn read_stream(key: &[u8], connection: &mut MultiplexedConnection) -> Vec<Fields> {
    let mut command = cmd("XRANGE");
    let entries: Stream = query(command.arg(key).arg("-").arg("+"), connection).await;
    entries.into_iter().map(|(_, fields)| fields).collect()
}

async fn query<T: redis::FromRedisValue>(
    command: &redis::Cmd,
    connection: &mut MultiplexedConnection,
) -> T {
    command.query_async(connection).await.unwrap()
}

/// Rules by which no order becomes due during a test.
fn rules() -> Rules {
    let week = Duration::from_hours(7 * 24);
    Rules {
        seal_to: Recipients::default(),
        retention: Retention {
            results: week,
            ledger: week,
        },
        policy: Policy {
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_hours(24)).unwrap(),
            resubmit_after: Duration::from_hours(24),
            give_up_after: Duration::from_hours(48),
            max_crashes: 5,
            clock_tolerance: Duration::from_secs(2),
        },
        longest_processing: Duration::from_mins(1),
        interval: None,
    }
}
