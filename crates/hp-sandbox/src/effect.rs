//! What a fault does to a call.

use crate::fault::Fault;
use crate::order::Flaw;
use crate::refused;
use crate::reply::{Answer, Reply};

/// What happens in place of acting.
pub(crate) fn instead(fault: Fault) -> Option<Reply> {
    match fault {
        Fault::RefuseConnection => Some(Reply::Reset),
        Fault::DropBefore => Some(Reply::Close),
        Fault::TimeoutBefore => Some(Reply::Hold),
        Fault::Http500Before => Some(Reply::Send(Answer::http_500())),
        Fault::LowBalance => Some(refused::BALANCE.into()),
        Fault::Fail0 => Some(refused::FAIL.into()),
        Fault::Code(code) => Some(Reply::Send(Answer::error(code, "error"))),
        _ => None,
    }
}

/// What happens after acting, in place of the answer.
pub(crate) fn afterwards(fault: Fault) -> Option<Reply> {
    match fault {
        Fault::LostAnswer | Fault::LateRecord => Some(Reply::Close),
        Fault::TimeoutAfter => Some(Reply::Hold),
        Fault::Http500After => Some(Reply::Send(Answer::http_500())),
        _ => None,
    }
}

/// What is wrong with the answer only.
pub(crate) fn passing_flaw(fault: Option<Fault>) -> Option<Flaw> {
    match fault? {
        Fault::Short => Some(Flaw::Short),
        Fault::WrongProduct => Some(Flaw::WrongProduct),
        _ => None,
    }
}

/// What is wrong with the record, and so with every answer.
pub(crate) fn lasting_flaw(fault: Option<Fault>) -> Option<Flaw> {
    match fault? {
        Fault::ShortRecord => Some(Flaw::Short),
        Fault::WrongRecord => Some(Flaw::WrongProduct),
        _ => None,
    }
}
