//! Scenarios that chance alone would seldom find. What comes between and after them is left to chance.

use proptest::{prelude::*, sample::select};

use crate::{
    operation::{Enqueue, Group, Operation, enqueue},
    worker_event::{ProcessedAt, WorkerEvent},
};

pub(crate) fn scenario() -> impl Strategy<Value = Vec<Operation>> {
    let kinds = prop_oneof![
        Just(Kind::Repeated),
        Just(Kind::Early),
        select(PROBES).prop_map(Kind::Unreachable),
        Just(Kind::Forgotten),
        Just(Kind::Late),
        Just(Kind::Held),
        Just(Kind::Overtaken),
        select(UNSENT).prop_map(Kind::Limited),
    ];
    (kinds, enqueue(), enqueue(), any::<bool>()).prop_map(|(kind, enqueue, other, choice)| {
        match kind {
            Kind::Repeated => repeated(enqueue, other, choice),
            Kind::Early => early(enqueue, other, choice),
            Kind::Unreachable(probe) => unreachable(enqueue, other, probe, choice),
            Kind::Forgotten => forgotten(enqueue, choice),
            Kind::Late => late(enqueue),
            Kind::Held => held(enqueue, other, choice),
            Kind::Overtaken => overtaken(enqueue, other, choice),
            Kind::Limited(event) => limited(enqueue, event, choice),
        }
    })
}

/// Redis forgets everything, and a worker without a watermark starts a new queue before one that knows better calls.
pub(crate) fn emptied() -> impl Strategy<Value = Vec<Operation>> {
    let loss = prop_oneof![
        Just(Operation::Empty),
        Just(Operation::Restart { forgets: true })
    ];
    (enqueue(), loss, any::<bool>()).prop_map(|(enqueue, loss, waits)| {
        let again = Operation::Enqueue(enqueue);
        let mut scenario = vec![again, claim(0), loss, claim(1)];
        scenario.extend(if waits {
            // The order is in the inbox when the worker that knows better calls, and long after.
            let meanwhile = [again, claim(0), Operation::DoubtsPass];
            [&[Operation::Pause], &meanwhile[..], &[Operation::Resume]].concat()
        } else {
            vec![again]
        });
        scenario.push(claim(0));
        scenario
    })
}

const PROBES: &[WorkerEvent] = &[
    WorkerEvent::NeverSent,
    WorkerEvent::Withheld,
    WorkerEvent::Panicked,
];
const UNSENT: &[WorkerEvent] = &[WorkerEvent::Released, WorkerEvent::Panicked];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Repeated,
    Early,
    Unreachable(WorkerEvent),
    Forgotten,
    Late,
    Held,
    Overtaken,
    Limited(WorkerEvent),
}

/// An order ends, its result is trimmed away, and it is enqueued again, perhaps twice.
fn repeated(enqueue: Enqueue, other: Enqueue, twice: bool) -> Vec<Operation> {
    let again = Enqueue {
        order: enqueue.order,
        ..other
    };
    let mut scenario = vec![
        Operation::Enqueue(enqueue),
        claim(0),
        settle(WorkerEvent::Charged),
    ];
    scenario.extend([
        Operation::TrimResult {
            order: enqueue.order,
        },
        Operation::Enqueue(again),
        claim(0),
    ]);
    if twice {
        scenario.extend([Operation::Enqueue(enqueue), claim(0)]);
    }
    scenario.extend([
        settle(WorkerEvent::Charged),
        Operation::SettleAgain { settled: 0 },
    ]);
    if twice {
        scenario.extend([Operation::Enqueue(enqueue), claim(0)]);
    }
    scenario
}

/// An order is enqueued again before it ends, and after it, or its result is trimmed away before they are read.
fn early(enqueue: Enqueue, other: Enqueue, is_trimmed: bool) -> Vec<Operation> {
    let again = Operation::Enqueue(Enqueue {
        order: enqueue.order,
        ..other
    });
    let same = Operation::Enqueue(enqueue);
    let mut scenario = vec![same, claim(0), same, again];
    scenario.extend([settle(WorkerEvent::Charged), again, same]);
    if is_trimmed {
        scenario.push(Operation::TrimResult {
            order: enqueue.order,
        });
    }
    scenario.extend([claim(0), claim(1), settle(WorkerEvent::Charged)]);
    scenario
}

/// HitPoints gives no answers, and orders probe whether it is back.
fn unreachable(
    enqueue: Enqueue,
    other: Enqueue,
    probe: WorkerEvent,
    is_far: bool,
) -> Vec<Operation> {
    let mut scenario = vec![
        Operation::Enqueue(enqueue),
        claim(0),
        Operation::NineFailures,
        settle(WorkerEvent::Unknown),
    ];
    scenario.extend([
        Operation::Enqueue(other),
        Operation::ComesDue {
            order: enqueue.order,
        },
        Operation::RateRecovers,
    ]);
    scenario.push(if is_far {
        Operation::BreakerPauseIsFar
    } else {
        Operation::BreakerPauseEnds
    });
    scenario.extend([claim(0), settle(probe), claim(0)]);
    scenario
}

/// Redis forgets a claim, and gives it out again.
fn forgotten(enqueue: Enqueue, renews: bool) -> Vec<Operation> {
    let mut scenario = vec![Operation::Enqueue(enqueue), claim(0), Operation::Save];
    scenario.extend([
        Operation::ComesDue {
            order: enqueue.order,
        },
        claim(0),
        Operation::Restart { forgets: true },
    ]);
    scenario.extend([
        Operation::ComesDue {
            order: enqueue.order,
        },
        claim(1),
    ]);
    scenario.push(if renews {
        Operation::Renew { held: 1 }
    } else {
        Operation::Settle {
            held: 1,
            event: WorkerEvent::Charged,
            at: ProcessedAt::AtOnce,
        }
    });
    scenario
}

/// An order is in the inbox when Redis restarts, and stays there for long.
fn late(enqueue: Enqueue) -> Vec<Operation> {
    let restart = Operation::Restart { forgets: false };
    let mut scenario = vec![claim(0), Operation::Pause, Operation::Enqueue(enqueue)];
    scenario.extend([restart, claim(0)]);
    scenario.extend([Operation::DoubtsPass, Operation::Resume, claim(0)]);
    scenario
}

/// Two orders wait for a balance, which is topped up, perhaps after Redis forgot something.
fn held(enqueue: Enqueue, other: Enqueue, forgets: bool) -> Vec<Operation> {
    let mut scenario = vec![
        Operation::HoldBalance,
        Operation::Enqueue(enqueue),
        Operation::Enqueue(other),
        claim(0),
        settle(WorkerEvent::Withheld),
        settle(WorkerEvent::Withheld),
        claim(1),
    ];
    scenario.push(if forgets {
        Operation::Restart { forgets }
    } else {
        Operation::Save
    });
    scenario.extend([Operation::LiftBalanceHold, claim(0), claim(1)]);
    scenario
}

/// One of several claims that are settled together belongs to another worker by now. The answer may be lost.
fn overtaken(enqueue: Enqueue, other: Enqueue, is_answer_lost: bool) -> Vec<Operation> {
    let others = [1, 2].map(|n| Enqueue {
        order: enqueue.order + n,
        ..other
    });
    let mut scenario = vec![Operation::RateRecovers, Operation::Enqueue(others[0])];
    scenario.extend([Operation::Enqueue(enqueue), Operation::Enqueue(others[1])]);
    scenario.extend([
        claim(0),
        Operation::ComesDue {
            order: enqueue.order,
        },
    ]);
    scenario.extend([claim(1), settle(WorkerEvent::Charged)]);
    let group = Group {
        events: [WorkerEvent::Charged; 3],
        at: ProcessedAt::AtOnce,
        again: 0,
        is_first_twice: true,
        broken: None,
    };
    scenario.push(Operation::SettleGroup(group));
    if is_answer_lost {
        scenario.push(Operation::SettleGroup(Group { again: 3, ..group }));
    }
    scenario
}

/// A claim ends without a call, and may give back its permit, if Redis still remembers the rate.
fn limited(enqueue: Enqueue, event: WorkerEvent, is_remembered: bool) -> Vec<Operation> {
    let mut scenario = vec![
        Operation::RateRecovers,
        Operation::Enqueue(enqueue),
        claim(0),
    ];
    if !is_remembered {
        scenario.push(Operation::RateRecovers);
    }
    scenario.extend([settle(event), claim(0)]);
    scenario
}

fn claim(worker: usize) -> Operation {
    Operation::ClaimBatch {
        worker,
        n: 100,
        lease_is_over: false,
        schedule_first: false,
    }
}

fn settle(event: WorkerEvent) -> Operation {
    Operation::Settle {
        held: 0,
        event,
        at: ProcessedAt::AtOnce,
    }
}
