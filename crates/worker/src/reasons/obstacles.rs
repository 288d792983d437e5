use super::part::{Meaning, NOTHING, Part, means};
use crate::obstacle::ObstacleKind;

pub(super) fn part() -> Part {
    Part::new(
        "obstacle",
        "Obstacles",
        "What keeps orders from going on at present: `worker status`, `worker doctor`, the log, and the start of column `why` of `worker orders`. The word is the field `obstacle` in JSON.",
        ObstacleKind::ALL.map(|kind| (kind.as_str(), obstacle(kind))),
    )
}

const fn obstacle(kind: ObstacleKind) -> Meaning {
    match kind {
        ObstacleKind::RedisFull => means(
            "Redis uses more memory than `maxmemory`, and refuses writes. Workers keep the outcomes that they cannot store.",
            "Raise `maxmemory` with `CONFIG SET` and in `redis.conf`. `worker pause` and `worker resume` work all the same.",
        ),
        ObstacleKind::RedisRefuses => means(
            "Redis refuses writes: it cannot save, it is a replica, or its replicas are away.",
            "Run `worker doctor`: it says what to do.",
        ),
        ObstacleKind::RedisUnsafe => means(
            "Redis may lose orders, so no worker claims any.",
            "Run `worker doctor`: it says what to do.",
        ),
        ObstacleKind::Paused => means(
            "The queue is paused for all workers, by an operator or because the account at HitPoints failed.",
            "Fix the cause, then run `worker resume`.",
        ),
        ObstacleKind::NoWorker => means(
            "Orders wait, and no worker is alive, or none of them claims orders.",
            "Start `worker run`, or look into the log of the worker that should run.",
        ),
        ObstacleKind::WorkerFault => means(
            "This worker claims no orders. Other workers go on.",
            "Fix what the reason names. The worker goes on by itself.",
        ),
        ObstacleKind::VendorUnreachable => means(
            "No request of any worker reaches HitPoints: DNS, the connection or TLS fails.",
            "Run `worker doctor`. Check `api.base_url`, the network, and HitPoints itself.",
        ),
        ObstacleKind::VendorSilent => means(
            "Requests leave, and no answer comes.",
            "Run `worker doctor`, and ask HitPoints. The workers go on by themselves when it answers.",
        ),
        ObstacleKind::VendorUnusable => means(
            "Answers come that are not those of the API, or are not signed by HitPoints.",
            "Run `worker doctor`: it says what is wrong.",
        ),
        ObstacleKind::VendorError => means(
            "HitPoints answers with error codes that settle nothing.",
            "Ask HitPoints what the code means.",
        ),
        ObstacleKind::ControlDenied => means(
            "HitPoints denies the record of an order that it has charged. So its \"not found\" proves nothing.",
            "Ask HitPoints whether it has an outage, or has deleted that record.",
        ),
        ObstacleKind::Throttled => means(
            "A front end of HitPoints asked to send less, with HTTP 429 or 503. No call is made for the time that it named.",
            "Nothing. If it happens often, lower `worker.rate`, or ask HitPoints for a higher limit.",
        ),
        ObstacleKind::BalanceLow => means(
            "The balance of a currency at HitPoints is too low. Single orders test it.",
            "Top up the account. The workers notice it within a minute.",
        ),
        ObstacleKind::Review => means(
            "Orders need the decision of an operator.",
            "Run `worker orders --state review`, then `worker order ID`.",
        ),
        ObstacleKind::Unreadable => means(
            "The ledger record of an order cannot be read.",
            "Repair the record. Do not delete it: the order may be charged.",
        ),
        ObstacleKind::LostEntries => means(
            "Entries have left the inbox before a worker took them: another program has trimmed or deleted them. Their orders are lost.",
            "Remove `MAXLEN` and `MINID` from the producers' `XADD`, let nobody run `XTRIM` or `XDEL` on the inbox, and enqueue orders without a result again.",
        ),
        ObstacleKind::DeadLetters => means(
            "Inbox entries name no usable order.",
            "Run `worker rejected list`, then requeue or discard them.",
        ),
        ObstacleKind::Claimed => means("A worker is processing the order.", NOTHING),
        ObstacleKind::Waits => means("The order waits for the time that is shown.", NOTHING),
        ObstacleKind::Due => means(
            "The order is due: the next free worker takes it.",
            "Nothing. If it stays so, start more workers, or raise `worker.rate`.",
        ),
    }
}
