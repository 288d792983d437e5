use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    course::{course, emptied},
    news::{Hour, News},
};

/// What can happen to the queue. An index counts from the latest, modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// A shop puts in one of a few orders.
    Put(Put),
    /// Somebody puts in an entry that names no order.
    PutNonsense,
    /// One of two workers takes up to `n`, for an hour or for no time.
    Take {
        worker: usize,
        n: usize,
        lease_is_over: bool,
        schedule_first: bool,
    },
    /// One of the workers, that takes nothing, shows what it remembers.
    Show {
        worker: usize,
    },
    /// Whoever holds this claim settles it, whether it is still current or not.
    Settle {
        held: usize,
        news: News,
        hour: Hour,
    },
    /// The answer to a settling was lost, and it is sent again.
    SettleAgain {
        settled: usize,
    },
    /// Whoever holds this claim, or has just settled it, renews its lease.
    Renew {
        held: usize,
    },
    /// An order's time comes.
    ComesDue {
        order: usize,
    },
    Pause,
    Resume,
    /// Nine calls in a row were in vain.
    NineSilences,
    /// It is time for the next probe.
    BreakerPauseEnds,
    /// The clock goes back behind the end of a pause for long.
    BreakerPauseIsFar,
    /// The rate allows another call.
    RateRecovers,
    Hold,
    LiftHold,
    /// Both workers want to be the one that tries whether the balance suffices again.
    BothTryHeld,
    /// An order's first result leaves its stream.
    TrimResult {
        order: usize,
    },
    /// All that Redis has by now is on its disk.
    Save,
    /// Redis begins a new life, with all it had or with what it had saved.
    Restart {
        forgets: bool,
    },
    /// Somebody empties a Redis that goes on.
    Empty,
    /// What Redis may have forgotten lies so far back that it has arrived or never will.
    DoubtsPass,
    /// A worker ends, and another that remembers nothing takes its place.
    NewWorker {
        worker: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    pub(crate) order: usize,
    pub(crate) fault: Fault,
    /// The shop wants its result in a stream of its own.
    pub(crate) own_stream: bool,
    /// The words that are to come back with the result, one of two.
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
        1 => course(),
    ];
    let opening = prop_oneof![9 => Just(Vec::new()), 1 => emptied()];
    (opening, vec(part, 1..40)).prop_map(|(opening, parts)| [opening, parts.concat()].concat())
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<usize>;
    prop_oneof![
        8 => put().prop_map(Operation::Put),
        1 => Just(Operation::PutNonsense),
        12 => take(),
        2 => (0..2_usize).prop_map(|worker| Operation::Show { worker }),
        16 => (index(), select(News::ALL), select(Hour::ALL))
            .prop_map(|(held, news, hour)| Operation::Settle { held, news, hour }),
        3 => index().prop_map(|settled| Operation::SettleAgain { settled }),
        2 => index().prop_map(|held| Operation::Renew { held }),
        6 => (0..ORDERS).prop_map(|order| Operation::ComesDue { order }),
        1 => Just(Operation::Pause),
        3 => Just(Operation::Resume),
        1 => Just(Operation::NineSilences),
        2 => Just(Operation::BreakerPauseEnds),
        1 => Just(Operation::BreakerPauseIsFar),
        4 => Just(Operation::RateRecovers),
        1 => select(vec![Operation::Hold, Operation::LiftHold, Operation::BothTryHeld]),
        2 => (0..ORDERS).prop_map(|order| Operation::TrimResult { order }),
        1 => Just(Operation::Save),
        2 => any::<bool>().prop_map(|forgets| Operation::Restart { forgets }),
        1 => select(vec![Operation::Empty, Operation::DoubtsPass]),
        1 => (0..2_usize).prop_map(|worker| Operation::NewWorker { worker }),
    ]
}

pub(crate) fn put() -> impl Strategy<Value = Put> {
    let fault = prop_oneof![
        12 => Just(Fault::None),
        1 => Just(Fault::OtherQuantity),
        1 => Just(Fault::NoQuantity),
        1 => Just(Fault::ProductTwice),
    ];
    let is_overdue = prop_oneof![7 => Just(false), 1 => Just(true)];
    let parts = (0..ORDERS, fault, any::<bool>(), any::<Option<bool>>());
    (parts, is_overdue).prop_map(|((order, fault, own_stream, meta), is_overdue)| Put {
        order,
        fault,
        own_stream,
        meta,
        is_overdue,
    })
}

fn take() -> impl Strategy<Value = Operation> {
    let n = prop_oneof![Just(1), Just(2), Just(100)];
    (0..2_usize, n, any::<bool>(), any::<bool>()).prop_map(
        |(worker, n, lease_is_over, schedule_first)| Operation::Take {
            worker,
            n,
            lease_is_over,
            schedule_first,
        },
    )
}
