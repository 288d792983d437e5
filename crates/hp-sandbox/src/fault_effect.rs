//! The effect of each fault on a call.

use crate::api_error;
use crate::fault::Fault;
use crate::order::Defect;
use crate::reply::{Answer, Reply};

/// Returns the reply of a fault that prevents the processing of the call.
pub(crate) fn reply_without_processing(fault: Fault) -> Option<Reply> {
    match fault {
        Fault::RefuseConnection => Some(Reply::Reset),
        Fault::DropBefore => Some(Reply::Close),
        Fault::TimeoutBefore => Some(Reply::Stall),
        Fault::Http500Before => Some(Reply::Send(Answer::http_500())),
        Fault::Http429Before => Some(Reply::Send(Answer::http_429())),
        Fault::LowBalance => Some(api_error::BALANCE.into()),
        Fault::Fail0 => Some(api_error::FAIL.into()),
        Fault::Code(code) => Some(Reply::Send(Answer::error(code, "error"))),
        _ => None,
    }
}

/// Returns the reply of a fault that replaces the answer after the call was processed.
pub(crate) fn reply_after_processing(fault: Fault) -> Option<Reply> {
    match fault {
        Fault::LostAnswer | Fault::LateRecord => Some(Reply::Close),
        Fault::TimeoutAfter => Some(Reply::Stall),
        Fault::Http500After => Some(Reply::Send(Answer::http_500())),
        Fault::Http503After => Some(Reply::Send(Answer::http_503())),
        _ => None,
    }
}

/// Returns the defect of one answer. The stored record is correct.
pub(crate) fn answer_defect(fault: Option<Fault>) -> Option<Defect> {
    match fault? {
        Fault::Short => Some(Defect::Short),
        Fault::WrongProduct => Some(Defect::WrongProduct),
        _ => None,
    }
}

/// Returns the defect of the stored record, and so of every answer.
pub(crate) fn record_defect(fault: Option<Fault>) -> Option<Defect> {
    match fault? {
        Fault::ShortRecord => Some(Defect::Short),
        Fault::WrongRecord => Some(Defect::WrongProduct),
        Fault::SparseRecord => Some(Defect::Sparse),
        _ => None,
    }
}
