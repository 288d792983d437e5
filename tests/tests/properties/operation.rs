use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    scenario::{emptied, scenario},
    worker_event::{ProcessedAt, WorkerEvent},
};

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
    /// The rate allows another call.
    RateRecovers,
    HoldBalance,
    LiftBalanceHold,
    /// Both workers ask to try whether the balance suffices again.
    BothTryBalanceHold,
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

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let part = prop_oneof![
        12 => operation().prop_map(|operation| vec![operation]),
        1 => scenario(),
    ];
    let opening = prop_oneof![9 => Just(Vec::new()), 1 => emptied()];
    (opening, vec(part, 1..40)).prop_map(|(opening, parts)| [opening, parts.concat()].concat())
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<usize>;
    prop_oneof![
        8 => enqueue().prop_map(Operation::Enqueue),
        1 => Just(Operation::EnqueueNonsense),
        12 => claim_batch(),
        4 => claim_named(),
        1 => (1..3_usize).prop_map(|n| Operation::AcquirePermits { n }),
        2 => (0..2_usize).prop_map(|worker| Operation::ReportWatermark { worker }),
        16 => (index(), select(WorkerEvent::ALL), select(ProcessedAt::ALL))
            .prop_map(|(held, event, at)| Operation::Settle { held, event, at }),
        3 => index().prop_map(|settled| Operation::SettleAgain { settled }),
        2 => index().prop_map(|held| Operation::Renew { held }),
        6 => (0..ORDERS).prop_map(|order| Operation::ComesDue { order }),
        1 => Just(Operation::Pause),
        3 => Just(Operation::Resume),
        1 => Just(Operation::NineFailures),
        2 => Just(Operation::BreakerPauseEnds),
        1 => Just(Operation::BreakerPauseIsFar),
        4 => Just(Operation::RateRecovers),
        1 => select(vec![Operation::HoldBalance, Operation::LiftBalanceHold, Operation::BothTryBalanceHold]),
        2 => (0..ORDERS).prop_map(|order| Operation::TrimResult { order }),
        1 => Just(Operation::Save),
        2 => any::<bool>().prop_map(|forgets| Operation::Restart { forgets }),
        1 => select(vec![Operation::Empty, Operation::DoubtsPass]),
        1 => (0..2_usize).prop_map(|worker| Operation::NewWorker { worker }),
    ]
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

fn claim_batch() -> impl Strategy<Value = Operation> {
    let n = prop_oneof![Just(1), Just(2), Just(100)];
    (0..2_usize, n, any::<bool>(), any::<bool>()).prop_map(
        |(worker, n, lease_is_over, schedule_first)| Operation::ClaimBatch {
            worker,
            n,
            lease_is_over,
            schedule_first,
        },
    )
}

fn claim_named() -> impl Strategy<Value = Operation> {
    let n = prop_oneof![Just(1), Just(2), Just(100)];
    let orders = 1..1_u8 << ORDERS;
    (0..2_usize, n, any::<bool>(), orders).prop_map(|(worker, n, lease_is_over, orders)| {
        Operation::ClaimNamed {
            worker,
            n,
            lease_is_over,
            orders,
        }
    })
}
