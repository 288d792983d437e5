//! Collects the facts at the end of a run.

use std::{collections::BTreeMap, fmt::Debug, fs, path::Path};

use e2e::{Entry, Redis};
use hp_sandbox::Ledger;
use redis::{RedisResult, aio::MultiplexedConnection, streams::StreamRangeReply};

use super::{
    history::{History, PublishedResult},
    shops::Shops,
    workload::{STREAMS, Workload},
    world::{SECRETS, World},
};

/// `true` if every order has a result or is in review, and nothing is due.
pub(crate) async fn is_settled(redis: &Redis, shops: &Shops, workload: &Workload) -> bool {
    let missing = shops.missing(&workload.orders);
    if missing.len() > workload.orders.len() / 3 || shops.has_pending_extras(workload) {
        return false;
    }
    if runs(redis).await == 0 {
        return false;
    }
    let mut states = redis::pipe();
    states.cmd("XLEN").arg("{hp}:jobs");
    states
        .cmd("ZCOUNT")
        .arg("{hp}:schedule")
        .arg("-inf")
        .arg("(inf");
    let busy: Vec<u64> = query(&states, &mut redis.connection().await).await.unwrap();
    let mut states = redis::pipe();
    for id in missing {
        states
            .cmd("HGET")
            .arg(format!("{{hp}}:order:{id}"))
            .arg("state");
    }
    if states.is_empty() {
        return busy.iter().all(|n| *n == 0);
    }
    let states: Vec<Option<String>> = query(&states, &mut redis.connection().await).await.unwrap();
    busy.iter().all(|n| *n == 0)
        && states
            .iter()
            .all(|state| state.as_deref() == Some("review"))
}

/// The number of reconciliation reports in Redis.
async fn runs(redis: &Redis) -> u64 {
    redis.command(&["XLEN", "{hp}:reconcile:runs"]).await
}

async fn query<T: redis::FromRedisValue>(
    pipe: &redis::Pipeline,
    to: &mut MultiplexedConnection,
) -> RedisResult<T> {
    pipe.query_async(to).await
}

/// Stops the workers and collects the facts.
pub(crate) async fn history(
    mut world: World,
    shops: &Shops,
    workload: &Workload,
    folder: &Path,
) -> History {
    let (started, runs) = (world.fleet.started(), runs(world.redis()).await);
    assert!(runs > 0, "no reconciliation run was reported");
    let mut exits = world.fleet.end().await;
    let redis = world.redis();
    exits.push(format!("started: {started}"));
    exits.push(format!("reconciliation runs: {runs}"));
    let Ledger { charges, .. } = world.sandbox.ledger();
    let faults = world
        .sandbox
        .met()
        .into_iter()
        .map(|(fault, times)| (fault.to_string(), times))
        .collect();
    let (consumed, accepted) = shops.seen(|seen| (seen.published.clone(), seen.accepted.clone()));
    let mut history = History {
        submissions: workload.submissions.iter().cloned().zip(accepted).collect(),
        losses: world.losses.all(),
        lost_bytes: world.lost_bytes.clone(),
        promotions: world.promotions,
        charges,
        consumed,
        faults,
        exits,
        secrets: SECRETS.map(str::to_owned).into(),
        open: redis.command(&["ZRANGE", "{hp}:open", "0", "-1"]).await,
        schedule: redis
            .command(&["ZRANGE", "{hp}:schedule", "0", "-1", "WITHSCORES"])
            .await,
        inbox: stream(redis, "{hp}:jobs")
            .await
            .into_iter()
            .map(|(_, entry)| entry)
            .collect(),
        rejected: stream(redis, "{hp}:rejected")
            .await
            .into_iter()
            .map(|(_, entry)| entry)
            .collect(),
        texts: logs(folder),
        ..History::default()
    };
    for key in STREAMS {
        let published =
            stream(redis, key)
                .await
                .into_iter()
                .map(|(entry, fields)| PublishedResult {
                    stream: key.into(),
                    entry,
                    read: 0,
                    only_on_former: false,
                    fields,
                });
        history.published.extend(published);
    }
    keys(redis, &mut history).await;
    history
}

/// Reads all keys except the result streams.
async fn keys(redis: &Redis, history: &mut History) {
    let keys: Vec<String> = redis.command(&["KEYS", "*"]).await;
    for key in keys
        .into_iter()
        .filter(|key| !STREAMS.contains(&key.as_str()))
    {
        let kind: String = redis.command(&["TYPE", &key]).await;
        let text = match kind.as_str() {
            "hash" => {
                let hash: BTreeMap<String, String> = redis.command(&["HGETALL", &key]).await;
                if let Some(id) = key.strip_prefix("{hp}:order:") {
                    history
                        .records
                        .insert(id.into(), hash.clone().into_iter().collect());
                }
                lines(hash)
            }
            "stream" => lines(stream(redis, &key).await),
            "zset" => lines(
                redis
                    .command::<Vec<String>>(&["ZRANGE", &key, "0", "-1"])
                    .await,
            ),
            "set" => lines(redis.command::<Vec<String>>(&["SMEMBERS", &key]).await),
            "list" => lines(
                redis
                    .command::<Vec<String>>(&["LRANGE", &key, "0", "-1"])
                    .await,
            ),
            // The key may have expired since.
            _ => {
                let text: Option<String> = redis.command(&["GET", &key]).await;
                text.unwrap_or_default()
            }
        };
        history.texts.push((key, text));
    }
}

async fn stream(redis: &Redis, key: &str) -> Vec<(String, Entry)> {
    let range: StreamRangeReply = redis.command(&["XRANGE", key, "-", "+"]).await;
    let text = |(name, value)| (name, redis::from_redis_value(value).unwrap());
    let entry =
        |entry: redis::streams::StreamId| (entry.id, entry.map.into_iter().map(text).collect());
    range.ids.into_iter().map(entry).collect()
}

fn logs(folder: &Path) -> Vec<(String, String)> {
    let logs = fs::read_dir(folder.join("logs"))
        .unwrap()
        .map(|log| log.unwrap());
    let mut logs: Vec<_> = logs
        .map(|log| {
            let text = String::from_utf8_lossy(&fs::read(log.path()).unwrap()).into_owned();
            (log.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    logs.sort();
    logs
}

/// Writes the facts next to the logs, to explain a violation.
pub(crate) fn write_files(history: &History, folder: &Path) {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write("charges.txt", lines(&history.charges));
    write("results-read.txt", lines(&history.consumed));
    write("results.txt", lines(&history.published));
    write("records.txt", lines(&history.records));
    write("accepted.txt", lines(&history.submissions));
}

fn lines<T: Debug>(all: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<_> = all.into_iter().map(|one| format!("{one:?}\n")).collect();
    lines.concat()
}
