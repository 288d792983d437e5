//! The two tables of the contract's section on error codes, row by row.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot do its part is a failed test"
)]

use hp_api::{
    ApiError, CallError, Doubt, DoubtKind, Lookup, Mismatch, NotFoundAnswer, Outcome, Refusal,
    RefusalKind,
};

/// What a fetch comes to, in one word each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    /// Certainly not carried out.
    Not(RefusalKind),
    /// Query before anything else.
    Ask(DoubtKind),
}

/// What a query comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Finds {
    /// May mean "no such order", if a probe gets the same.
    NotFound,
    /// Ask again.
    Unsure,
    /// Ask again once the caller's own trouble is over.
    Ours,
    /// A person has to look.
    Mismatched,
}

use DoubtKind::{Blocked, Code, Exists, Garbled, Lost, NoData, Pending, Unverified};
use Finds::{Mismatched, NotFound, Ours, Unsure};
use RefusalKind::{Credentials, Final, LowBalance, NeverSent, StaleDate};
use Says::{Ask, Not};

/// Code; what it says of a fetch; what it says of a query.
const CODES: &[(i64, Says, Finds)] = &[
    (0, Ask(Code), Unsure),
    (400_100, Not(Final), NotFound),
    (400_101, Not(Credentials), Ours),
    (400_102, Not(Final), Unsure),
    (400_103, Ask(Code), NotFound),
    (400_104, Ask(Exists), Unsure),
    (400_105, Ask(Code), Unsure),
    (400_106, Ask(Code), Unsure),
    (400_107, Not(Credentials), Ours),
    (400_108, Not(Credentials), Ours),
    (400_109, Not(Credentials), Ours),
    (400_110, Not(Credentials), Ours),
    (400_111, Not(StaleDate), Unsure),
    (400_112, Ask(Exists), Unsure),
    (400_113, Not(LowBalance), Unsure),
    (400_114, Not(Final), Unsure),
    (400_115, Ask(Code), Unsure),
    (400_116, Ask(Code), NotFound),
    (400_117, Ask(Code), NotFound),
    (400_118, Ask(Code), NotFound),
    // any other
    (400_119, Ask(Code), NotFound),
    (400_099, Ask(Code), NotFound),
    (-1, Ask(Code), NotFound),
    (201, Ask(Code), NotFound),
    (500, Ask(Code), NotFound),
    (i64::MAX, Ask(Code), NotFound),
];

/// Events outside the envelope; what each says of a fetch; what it says of a query.
fn events() -> Vec<(CallError, Says, Finds)> {
    let why = || "why".to_owned();
    vec![
        // name not resolved, connection refused, TLS refused
        (CallError::NeverSent(why()), Not(NeverSent), Unsure),
        (CallError::Cancelled, Not(NeverSent), Unsure),
        // time-out or broken connection after the first byte was sent
        (CallError::Lost(why()), Ask(Lost), Unsure),
        // HTTP status other than 200, redirect
        (CallError::Status(302), Ask(Garbled), Unsure),
        (CallError::Status(404), Ask(Garbled), Unsure),
        (CallError::Status(500), Ask(Garbled), Unsure),
        (CallError::Status(503), Ask(Garbled), Unsure),
        (CallError::Status(201), Ask(Garbled), Unsure),
        // 403 and the like: the worker's own trouble as well
        (CallError::Status(401), Ask(Blocked), Ours),
        (CallError::Status(403), Ask(Blocked), Ours),
        (CallError::Status(407), Ask(Blocked), Ours),
        // body not JSON, no integer `code`, `success` contradicting `code`
        (CallError::Malformed(why()), Ask(Garbled), Unsure),
        (CallError::TooLarge, Ask(Garbled), Unsure),
        // code 200 with a missing or wrong signature, a stale date
        (CallError::Unverified(why()), Ask(Unverified), Unsure),
        (CallError::Stale(why()), Ask(Unverified), Unsure),
        // or data that does not fit the request
        (CallError::Shape(why()), Ask(Garbled), Unsure),
        (
            CallError::Mismatch(Mismatch::OrderId),
            Ask(DoubtKind::Mismatch),
            Unsure,
        ),
        (
            CallError::Mismatch(Mismatch::ProductId),
            Ask(DoubtKind::Mismatch),
            Mismatched,
        ),
        (
            CallError::Mismatch(Mismatch::Quantity),
            Ask(DoubtKind::Mismatch),
            Mismatched,
        ),
        (
            CallError::Mismatch(Mismatch::CardCount { wanted: 2, got: 1 }),
            Ask(DoubtKind::Mismatch),
            Mismatched,
        ),
        (
            CallError::Mismatch(Mismatch::Card(why())),
            Ask(DoubtKind::Mismatch),
            Mismatched,
        ),
        (
            CallError::Mismatch(Mismatch::Price),
            Ask(DoubtKind::Mismatch),
            Mismatched,
        ),
        (
            CallError::Mismatch(Mismatch::NotCompleted(why())),
            Ask(Pending),
            Unsure,
        ),
        // code 200 with empty `data` on a fetch
        (CallError::NoData, Ask(NoData), NotFound),
    ]
}

fn says(error: CallError) -> Says {
    match Outcome::of(Err(error)) {
        Outcome::NotCharged(refusal) => Not(refusal.kind),
        Outcome::Unknown(doubt) => Ask(doubt.kind),
        Outcome::Charged(_) => panic!("an error charged"),
    }
}

fn finds(error: CallError) -> Finds {
    match Lookup::of(Err(error)) {
        Lookup::NotFound(_) => NotFound,
        Lookup::Unknown(doubt) if doubt.is_account_failure() => Ours,
        Lookup::Unknown(_) => Unsure,
        Lookup::Mismatch(_) => Mismatched,
        Lookup::Found(_) => panic!("an error found an order"),
    }
}

fn api(code: i64) -> CallError {
    CallError::Api(ApiError::new(code, "message"))
}

#[test]
fn every_code_says_of_a_fetch_what_the_contract_says() {
    for (code, expected, _) in CODES {
        assert_eq!(says(api(*code)), *expected, "{code}");
    }
}

#[test]
fn every_code_says_of_a_query_whether_it_may_mean_not_found() {
    for (code, _, expected) in CODES {
        assert_eq!(finds(api(*code)), *expected, "{code}");
    }
}

#[test]
fn refusal_kind_of_a_stored_code() {
    for (code, expected, _) in CODES {
        let refused = match expected {
            Not(kind) => Some(*kind),
            Ask(_) => None,
        };
        assert_eq!(RefusalKind::from_code(*code), refused, "{code}");
    }
}

#[test]
fn every_event_outside_the_envelope_says_of_a_fetch_what_the_contract_says() {
    for (error, expected, _) in events() {
        assert_eq!(says(error.clone()), expected, "{error:?}");
    }
}

#[test]
fn every_event_outside_the_envelope_says_of_a_query_whether_it_may_mean_not_found() {
    for (error, _, expected) in events() {
        assert_eq!(finds(error.clone()), expected, "{error:?}");
    }
}

#[test]
fn refusals_and_doubts_keep_the_code_and_the_message() {
    let message = "message".to_owned();
    let refusal = Refusal {
        kind: LowBalance,
        code: Some(400_113),
        message: message.clone(),
    };
    assert_eq!(Outcome::of(Err(api(400_113))), Outcome::NotCharged(refusal));
    let doubt = Doubt {
        kind: Exists,
        code: Some(400_104),
        message,
    };
    assert_eq!(Outcome::of(Err(api(400_104))), Outcome::Unknown(doubt));
}

#[test]
fn not_found_answers_differ_by_code() {
    let not_found = |error| match Lookup::of(Err(error)) {
        Lookup::NotFound(answer) => answer,
        other => panic!("{other:?}"),
    };
    assert_eq!(not_found(api(400_100)), NotFoundAnswer::Code(400_100));
    assert_ne!(not_found(api(400_100)), not_found(api(400_119)));
    assert_eq!(not_found(CallError::NoData), NotFoundAnswer::NoData);
}

#[test]
fn the_word_of_a_doubt_reads_back() {
    for kind in [
        Exists,
        Lost,
        Blocked,
        Garbled,
        Unverified,
        NoData,
        DoubtKind::Mismatch,
        Pending,
        Code,
    ] {
        assert_eq!(kind.as_str().parse::<DoubtKind>().unwrap(), kind);
    }
    assert!("unknown".parse::<DoubtKind>().is_err());
}
