use hp_order::State;

use super::part::{Meaning, NOTHING, Part, means};

pub(super) fn part() -> Part {
    Part::new(
        "state",
        "States of an order",
        "Field `state` of an order.",
        State::ALL.map(|state| (state.as_str(), state_meaning(state))),
    )
}

const fn state_meaning(state: State) -> Meaning {
    match state {
        State::Queued => means(
            "Admitted. Nothing was ever sent.",
            "Nothing. If it stays so, `why` names the obstacle.",
        ),
        State::Submitting => means(
            "Claimed by a worker, and perhaps sent.",
            "Nothing. If the worker dies, another one takes over when the lease ends.",
        ),
        State::Uncertain => means(
            "Sent, and the outcome is unknown. A worker queries HitPoints until the answer is definite.",
            "Nothing. `cause` says why the outcome is unknown.",
        ),
        State::Waiting => means(
            "Certainly not charged. A worker tries again later.",
            "Nothing, unless `why` names an obstacle.",
        ),
        State::Review => means(
            "Only an operator can decide: HitPoints' record contradicts the order, or the doubt lasted too long.",
            "Compare `worker order ID` with `worker record ID`, then `worker retry` or `worker resolve`.",
        ),
        State::Completed => means("Charged once. The result has the cards.", NOTHING),
        State::Failed => means(
            "Ended without cards. `reason` says why.",
            "To try again, send the order with a new id.",
        ),
        State::Rejected => means(
            "Ended. It was never sent, because the product list does not allow it.",
            "Correct product or quantity, and send the order with a new id.",
        ),
        State::Expired => means(
            "Ended. It was not charged by its deadline.",
            "To try again, send the order with a new id.",
        ),
    }
}
