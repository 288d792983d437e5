use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};
use hp_order::{Event, Finding, State};
use proptest::{collection::vec, prelude::*, sample::select};

/// What can happen to the queue. An index is taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// A shop puts in one of a few orders, in one of two quantities.
    Put {
        order: usize,
        quantity: u32,
        own_stream: bool,
    },
    /// Somebody puts in an entry that names no order.
    PutNonsense,
    /// A worker takes what there is, for an hour or for no time.
    Take {
        lease_is_over: bool,
    },
    /// Whoever holds this claim settles it.
    Settle {
        held: usize,
        news: News,
    },
    /// The answer to a settling was lost, and it is sent again.
    SettleAgain {
        settled: usize,
    },
    /// Whoever holds this claim renews its lease.
    Renew {
        held: usize,
    },
    /// An order's time comes.
    ComesDue {
        order: usize,
    },
    Pause,
    Resume,
    /// Redis was restarted: all that it has is of an earlier epoch.
    Restart,
}

/// What a worker has to tell, as far as it fits the state of its order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    Refused,
    LowBalance,
    NeverSent,
    Unknown,
    NotFound,
    Released,
    Panicked,
}

pub(crate) const ORDERS: usize = 4;

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..40)
}

fn operation() -> impl Strategy<Value = Operation> {
    let news = select(vec![
        News::Refused,
        News::LowBalance,
        News::NeverSent,
        News::Unknown,
        News::NotFound,
        News::Released,
        News::Panicked,
    ]);
    let put = (0..ORDERS, 1..=10_u32, any::<bool>()).prop_map(|(order, often, own_stream)| {
        let quantity = if often == 10 { 2 } else { 1 };
        Operation::Put {
            order,
            quantity,
            own_stream,
        }
    });
    prop_oneof![
        5 => put,
        1 => Just(Operation::PutNonsense),
        6 => any::<bool>().prop_map(|lease_is_over| Operation::Take { lease_is_over }),
        8 => (any::<usize>(), news).prop_map(|(held, news)| Operation::Settle { held, news }),
        2 => any::<usize>().prop_map(|settled| Operation::SettleAgain { settled }),
        2 => any::<usize>().prop_map(|held| Operation::Renew { held }),
        3 => (0..ORDERS).prop_map(|order| Operation::ComesDue { order }),
        1 => Just(Operation::Pause),
        2 => Just(Operation::Resume),
        2 => Just(Operation::Restart),
    ]
}

impl News {
    /// The event, if a worker can have it with an order that it was given in this state.
    pub(crate) fn of(self, state: State) -> Option<Event> {
        let refused = |kind| {
            Event::Submitted(Outcome::NotCharged(Refusal {
                kind,
                code: Some(400_100),
                message: "no".into(),
            }))
        };
        let doubt = Doubt {
            kind: DoubtKind::Lost,
            code: None,
            message: "no answer".into(),
        };
        match (self, state) {
            (Self::Released, _) => Some(Event::Released),
            (Self::Panicked, State::Submitting | State::Uncertain) => Some(Event::Panicked),
            (Self::Refused, State::Submitting) => Some(refused(RefusalKind::Final)),
            (Self::LowBalance, State::Submitting) => Some(refused(RefusalKind::LowBalance)),
            (Self::NeverSent, State::Submitting) => Some(refused(RefusalKind::NeverSent)),
            (Self::Unknown, State::Submitting) => Some(Event::Submitted(Outcome::Unknown(doubt))),
            (Self::Unknown, State::Uncertain) => Some(Event::Queried(Finding::Unknown(doubt))),
            (Self::NotFound, State::Uncertain) => Some(Event::Queried(Finding::NotFound)),
            _ => None,
        }
    }
}
