//! Courses of events that chance alone would seldom find. What comes between and after them is left to chance.

use proptest::{prelude::*, sample::select};

use crate::{
    news::{Hour, News},
    operation::{Operation, Put, put},
};

pub(crate) fn course() -> impl Strategy<Value = Vec<Operation>> {
    let kinds = prop_oneof![
        Just(Kind::Repeated),
        select(PROBES).prop_map(Kind::Silent),
        Just(Kind::Forgotten),
        Just(Kind::Late),
        select(UNSENT).prop_map(Kind::Limited),
    ];
    (kinds, put(), put(), any::<bool>()).prop_map(|(kind, put, other, choice)| match kind {
        Kind::Repeated => repeated(put, other, choice),
        Kind::Silent(probe) => silent(put, other, probe, choice),
        Kind::Forgotten => forgotten(put, choice),
        Kind::Late => late(put),
        Kind::Limited(news) => limited(put, news, choice),
    })
}

/// Redis forgets all it had, and a worker that knows of nothing begins anew before one that knows better.
pub(crate) fn emptied() -> impl Strategy<Value = Vec<Operation>> {
    let loss = prop_oneof![
        Just(Operation::Empty),
        Just(Operation::Restart { forgets: true })
    ];
    (put(), loss, any::<bool>()).prop_map(|(put, loss, waits)| {
        let again = Operation::Put(put);
        let mut course = vec![again, take(0), loss, take(1)];
        course.extend(if waits {
            // It is in the inbox when the worker that knows better comes, and for long after.
            let meanwhile = [again, take(0), Operation::DoubtsPass];
            [&[Operation::Pause], &meanwhile[..], &[Operation::Resume]].concat()
        } else {
            vec![again]
        });
        course.push(take(0));
        course
    })
}

const PROBES: &[News] = &[News::NeverSent, News::Withheld, News::Panicked];
const UNSENT: &[News] = &[News::Released, News::Panicked];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Repeated,
    Silent(News),
    Forgotten,
    Late,
    Limited(News),
}

/// An order ends, its result is trimmed away, and it is put in once more, perhaps twice.
fn repeated(put: Put, other: Put, twice: bool) -> Vec<Operation> {
    let again = Put {
        order: put.order,
        ..other
    };
    let mut course = vec![Operation::Put(put), take(0), settle(News::Charged)];
    course.extend([
        Operation::TrimResult { order: put.order },
        Operation::Put(again),
        take(0),
    ]);
    if twice {
        course.extend([Operation::Put(put), take(0)]);
    }
    course.extend([settle(News::Charged), Operation::SettleAgain { settled: 0 }]);
    if twice {
        course.extend([Operation::Put(put), take(0)]);
    }
    course
}

/// HitPoints falls silent, and orders try whether it is back.
fn silent(put: Put, other: Put, probe: News, is_far: bool) -> Vec<Operation> {
    let mut course = vec![
        Operation::Put(put),
        take(0),
        Operation::NineSilences,
        settle(News::Unknown),
    ];
    course.extend([
        Operation::Put(other),
        Operation::ComesDue { order: put.order },
        Operation::RateRecovers,
    ]);
    course.push(if is_far {
        Operation::BreakerPauseIsFar
    } else {
        Operation::BreakerPauseEnds
    });
    course.extend([take(0), settle(probe), take(0)]);
    course
}

/// Redis forgets a claim, and gives it out once more.
fn forgotten(put: Put, renews: bool) -> Vec<Operation> {
    let mut course = vec![Operation::Put(put), take(0), Operation::Save];
    course.extend([
        Operation::ComesDue { order: put.order },
        take(0),
        Operation::Restart { forgets: true },
    ]);
    course.extend([Operation::ComesDue { order: put.order }, take(1)]);
    course.push(if renews {
        Operation::Renew { held: 1 }
    } else {
        Operation::Settle {
            held: 1,
            news: News::Charged,
            hour: Hour::AtOnce,
        }
    });
    course
}

/// An order is in the inbox when Redis begins a new life, and stays there for long.
fn late(put: Put) -> Vec<Operation> {
    let restart = Operation::Restart { forgets: false };
    let mut course = vec![take(0), Operation::Pause, Operation::Put(put)];
    course.extend([restart, take(0)]);
    course.extend([Operation::DoubtsPass, Operation::Resume, take(0)]);
    course
}

/// A turn ends without an answer, and may give back its share of the rate, where that is still remembered.
fn limited(put: Put, news: News, is_remembered: bool) -> Vec<Operation> {
    let mut course = vec![Operation::RateRecovers, Operation::Put(put), take(0)];
    if !is_remembered {
        course.push(Operation::RateRecovers);
    }
    course.extend([settle(news), take(0)]);
    course
}

fn take(worker: usize) -> Operation {
    Operation::Take {
        worker,
        n: 100,
        lease_is_over: false,
        schedule_first: false,
    }
}

fn settle(news: News) -> Operation {
    Operation::Settle {
        held: 0,
        news,
        hour: Hour::AtOnce,
    }
}
