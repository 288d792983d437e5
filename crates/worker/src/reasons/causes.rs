use hp_api::DoubtKind;
use hp_order::Cause;

use super::part::{Meaning, Part, means};

const QUERY: &str = "Nothing. A worker queries HitPoints until the answer is definite.";

pub(super) fn part() -> Part {
    Part::new(
        "cause",
        "Causes of doubt",
        "Field `cause` of an order whose outcome is unknown, after the obstacle in column `why`.",
        Cause::all().map(|one| (one.as_str(), cause(one))),
    )
}

/// Returns the meaning of a cause.
pub(crate) const fn cause(cause: Cause) -> Meaning {
    match cause {
        Cause::WorkerDied => means(
            "The worker that was to submit the order died or panicked.",
            "Nothing. If it happens again, look at the logs of the workers.",
        ),
        Cause::RedisRestarted => means(
            "Redis was restarted or failed over, and may have forgotten that the order was sent.",
            QUERY,
        ),
        Cause::Refused => means(
            "HitPoints refused for good. A query confirms that it has no record.",
            QUERY,
        ),
        Cause::Answer(kind) => doubt(kind),
    }
}

const fn doubt(kind: DoubtKind) -> Meaning {
    match kind {
        DoubtKind::Exists => means("HitPoints already has an order with this id.", QUERY),
        DoubtKind::Lost => means(
            "The answer was lost: a timeout, or the connection broke.",
            QUERY,
        ),
        DoubtKind::NeverSent => means(
            "The query never left the worker.",
            "Run `worker doctor` on the machine of the worker, and check its network.",
        ),
        DoubtKind::Blocked => means(
            "HTTP 401, 403 or 407: HitPoints, or a machine before it, rejects this machine or this order.",
            "Ask HitPoints whether it allows the IP address of the worker, the app id, and the order id.",
        ),
        DoubtKind::Garbled => means(
            "The answer is not one of the API, such as an error page.",
            "Run `worker doctor`, and check `api.base_url`.",
        ),
        DoubtKind::Unverified => means(
            "The answer is not signed, is signed wrongly, or is stale.",
            "Run `worker doctor`: it checks the secret, the server's key and the clocks.",
        ),
        DoubtKind::NoData => means("HitPoints answered success without data.", QUERY),
        DoubtKind::Mismatch => means(
            "The answer is signed, and does not match the order.",
            "Nothing until the order is in `review`. Then ask HitPoints.",
        ),
        DoubtKind::Pending => means(
            "HitPoints has the order, and it is not completed yet.",
            QUERY,
        ),
        DoubtKind::Code => means(
            "HitPoints answered with a code that proves nothing: see `code`.",
            "If it stays so, ask HitPoints what the code means.",
        ),
        DoubtKind::TurnedAway(_) => means(
            "A front end of HitPoints turned the order away: HTTP 429. It is sent again when HitPoints has denied it.",
            "Nothing. The workers send less. If it happens often, lower `worker.rate`.",
        ),
        DoubtKind::Throttled(_) => means(
            "A front end of HitPoints asked to send less, and the order may have arrived: HTTP 503, or 429 on a connection that was used before.",
            "Nothing. The workers send less. If it happens often, lower `worker.rate`.",
        ),
        DoubtKind::ControlDenied => means(
            "HitPoints denies the order, and also an order that it has charged: it has an outage, or it deleted that record.",
            "Ask HitPoints. Until it gives records again, the order is not sent again.",
        ),
    }
}
