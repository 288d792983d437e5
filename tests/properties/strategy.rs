use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    operation::{Group, ORDERS, Operation, enqueue},
    scenario::{emptied, scenario},
    worker_event::{ProcessedAt, WorkerEvent},
};

/// Random sequences of operations.
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
        8 => group().prop_map(Operation::SettleGroup),
        2 => index().prop_map(|held| Operation::Renew { held }),
        6 => (0..ORDERS).prop_map(|order| Operation::ComesDue { order }),
        1 => Just(Operation::Pause),
        3 => Just(Operation::Resume),
        1 => Just(Operation::NineFailures),
        2 => Just(Operation::BreakerPauseEnds),
        1 => Just(Operation::BreakerPauseIsFar),
        4 => Just(Operation::RateRecovers),
        4 => Just(Operation::ThrottleEnds),
        1 => select(vec![Operation::HoldBalance, Operation::LiftBalanceHold, Operation::BothTryBalanceHold]),
        2 => (0..3_usize).prop_map(|kept| Operation::TrimInbox { kept }),
        2 => (0..ORDERS).prop_map(|order| Operation::TrimResult { order }),
        1 => Just(Operation::Save),
        2 => any::<bool>().prop_map(|forgets| Operation::Restart { forgets }),
        1 => select(vec![Operation::Empty, Operation::DoubtsPass]),
        1 => (0..2_usize).prop_map(|worker| Operation::NewWorker { worker }),
    ]
}

fn group() -> impl Strategy<Value = Group> {
    let events = [(); 3].map(|()| select(WorkerEvent::ALL));
    let broken = prop_oneof![3 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    let parts = (events, select(ProcessedAt::ALL), 0..3_usize, any::<bool>());
    (parts, broken).prop_map(|((events, at, again, is_first_twice), broken)| Group {
        events,
        at,
        again,
        is_first_twice,
        broken,
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
    (0..2_usize, n, any::<bool>(), any::<bool>(), orders).prop_map(
        |(worker, n, lease_is_over, is_run, orders)| Operation::ClaimNamed {
            worker,
            n,
            lease_is_over,
            is_run,
            orders,
        },
    )
}
