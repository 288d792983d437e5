use hp_api::FetchCards;
use proptest::prelude::*;

use crate::worker_event::{ProcessedAt, WorkerEvent};

/// What can happen to the queue. An index counts back from the latest, modulo their number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// A shop enqueues one of a few orders.
    Enqueue(Enqueue),
    /// A shop enqueues an entry that names no order.
    EnqueueNonsense,
    /// One of two workers claims up to `n` orders, for an hour or for no time.
    ClaimBatch {
        worker: usize,
        n: usize,
        lease_is_over: bool,
        schedule_first: bool,
    },
    /// One of the workers reports its watermark.
    ReportWatermark {
        worker: usize,
    },
    /// One of two workers claims up to `n` of these orders by their ids.
    ClaimNamed {
        worker: usize,
        n: usize,
        lease_is_over: bool,
        /// A reconciliation run claims them: it has a share of the rate, and leaves out orders that are not charged.
        is_run: bool,
        /// A bit for each order.
        orders: u8,
    },
    /// A worker wants to make up to `n` calls that concern no order.
    AcquirePermits {
        n: usize,
    },
    /// The holder of this claim settles it, whether it is still current or not.
    Settle {
        held: usize,
        event: WorkerEvent,
        at: ProcessedAt,
    },
    /// The answer of a settle call was lost, and the call is sent again.
    SettleAgain {
        settled: usize,
    },
    /// A worker settles several claims with one call.
    SettleGroup(Group),
    /// The holder of this claim, settled or not, renews its lease.
    Renew {
        held: usize,
    },
    /// An order is due.
    ComesDue {
        order: usize,
    },
    Pause,
    Resume,
    /// Nine calls in a row had no answer.
    NineFailures,
    /// It is time for the next probe.
    BreakerPauseEnds,
    /// The clock is set back: the pause of the breaker seems long.
    BreakerPauseIsFar,
    /// The pause that a front end has asked for is over, and forgotten.
    ThrottleEnds,
    /// The rate allows another call.
    RateRecovers,
    HoldBalance,
    LiftBalanceHold,
    /// Both workers ask to try whether the balance suffices again.
    BothTryBalanceHold,
    /// Another program trims the inbox to at most this many entries.
    TrimInbox {
        kept: usize,
    },
    /// An order's first result leaves its stream.
    TrimResult {
        order: usize,
    },
    /// All that Redis holds is on its disk.
    Save,
    /// Redis restarts, with all it had or with what it had saved.
    Restart {
        forgets: bool,
    },
    /// An operator empties Redis.
    Empty,
    /// Every request that Redis may have forgotten has arrived.
    DoubtsPass,
    /// A worker ends, and one without a watermark takes its place.
    NewWorker {
        worker: usize,
    },
}

/// The claims of one worker that one call settles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// What happened to the latest claims that are not settled, and to those before them.
    pub(crate) events: [WorkerEvent; 3],
    pub(crate) at: ProcessedAt,
    /// How many settled claims come first, because the answer about them was lost.
    pub(crate) again: usize,
    /// The first claim comes a second time at the end.
    pub(crate) is_first_twice: bool,
    /// The record of this order cannot be read: the index of its claim in the group.
    pub(crate) broken: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Enqueue {
    pub(crate) order: usize,
    pub(crate) fault: Fault,
    /// The shop wants the result in its own stream.
    pub(crate) own_stream: bool,
    /// One of two values that return with the result.
    pub(crate) meta: Option<bool>,
    pub(crate) is_overdue: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    OtherQuantity,
    NoQuantity,
    ProductTwice,
}

pub(crate) const ORDERS: usize = 4;

/// The fields of an entry that return with the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplyWords {
    pub(crate) own_stream: bool,
    pub(crate) meta: String,
}

impl Enqueue {
    pub(crate) fn id(&self) -> String {
        id_of(self.order)
    }

    pub(crate) fn words(&self) -> ReplyWords {
        let meta = match self.meta {
            None => "",
            Some(false) => "one",
            Some(true) => "another",
        };
        ReplyWords {
            own_stream: self.own_stream,
            meta: meta.into(),
        }
    }

    pub(crate) fn wanted(&self) -> FetchCards {
        let quantity = if self.has_other_quantity() { "2" } else { "1" };
        FetchCards {
            order_id: self.id().parse().unwrap(),
            product_id: "2".parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        }
    }

    pub(crate) fn has_other_quantity(&self) -> bool {
        self.fault == Fault::OtherQuantity
    }
}

pub(crate) fn id_of(order: usize) -> String {
    format!("A-{}", order % ORDERS)
}

pub(crate) fn enqueue() -> impl Strategy<Value = Enqueue> {
    let fault = prop_oneof![
        12 => Just(Fault::None),
        1 => Just(Fault::OtherQuantity),
        1 => Just(Fault::NoQuantity),
        1 => Just(Fault::ProductTwice),
    ];
    let is_overdue = prop_oneof![7 => Just(false), 1 => Just(true)];
    let parts = (0..ORDERS, fault, any::<bool>(), any::<Option<bool>>());
    (parts, is_overdue).prop_map(|((order, fault, own_stream, meta), is_overdue)| Enqueue {
        order,
        fault,
        own_stream,
        meta,
        is_overdue,
    })
}
