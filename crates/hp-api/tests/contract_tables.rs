//! The two tables of the contract about error codes, row by row.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

use hp_api::{
    ApiError, CallError, Doubt, DoubtKind, Lookup, Mismatch, NotFoundAnswer, Outcome, Refusal,
    RefusalKind,
};

/// The verdict on a fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FetchVerdict {
    /// The vendor certainly did not execute it.
    Refused(RefusalKind),
    /// Query first.
    Unknown(DoubtKind),
}

/// The verdict of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
enum QueryVerdict {
    /// The answer may mean "no such order", if a probe gets the same answer.
    NotFound,
    /// Query again.
    Inconclusive,
    /// Query again after the failure of the caller's account is fixed.
    AccountFailure,
    /// An operator must review the order.
    Mismatched,
}

use DoubtKind::{Blocked, Code, Exists, Garbled, Lost, NoData, Pending, Unverified};
use FetchVerdict::{Refused, Unknown};
use QueryVerdict::{AccountFailure, Inconclusive, Mismatched, NotFound};
use RefusalKind::{Credentials, Final, LowBalance, NeverSent, StaleDate};

/// Code; verdict on a fetch; verdict of a query.
const CODES: &[(i64, FetchVerdict, QueryVerdict)] = &[
    (0, Unknown(Code), Inconclusive),
    (400_100, Refused(Final), NotFound),
    (400_101, Refused(Credentials), AccountFailure),
    (400_102, Refused(Final), Inconclusive),
    (400_103, Unknown(Code), NotFound),
    (400_104, Unknown(Exists), Inconclusive),
    (400_105, Unknown(Code), Inconclusive),
    (400_106, Unknown(Code), Inconclusive),
    (400_107, Refused(Credentials), AccountFailure),
    (400_108, Refused(Credentials), AccountFailure),
    (400_109, Refused(Credentials), AccountFailure),
    (400_110, Refused(Credentials), AccountFailure),
    (400_111, Refused(StaleDate), Inconclusive),
    (400_112, Unknown(Exists), Inconclusive),
    (400_113, Refused(LowBalance), Inconclusive),
    (400_114, Refused(Final), Inconclusive),
    (400_115, Unknown(Code), Inconclusive),
    (400_116, Unknown(Code), NotFound),
    (400_117, Unknown(Code), NotFound),
    (400_118, Unknown(Code), NotFound),
    // any other
    (400_119, Unknown(Code), NotFound),
    (400_099, Unknown(Code), NotFound),
    (-1, Unknown(Code), NotFound),
    (201, Unknown(Code), NotFound),
    (500, Unknown(Code), NotFound),
    (i64::MAX, Unknown(Code), NotFound),
];

/// Events outside the envelope; verdict on a fetch; verdict of a query.
fn events() -> Vec<(CallError, FetchVerdict, QueryVerdict)> {
    let why = || "why".to_owned();
    vec![
        // name not resolved, connection refused, TLS refused
        (
            CallError::NeverSent(why()),
            Refused(NeverSent),
            Inconclusive,
        ),
        (CallError::Cancelled, Refused(NeverSent), Inconclusive),
        // time-out or broken connection after the first byte was sent
        (CallError::Lost(why()), Unknown(Lost), Inconclusive),
        // HTTP status other than 200, redirect
        (CallError::Status(302), Unknown(Garbled), Inconclusive),
        (CallError::Status(404), Unknown(Garbled), Inconclusive),
        (CallError::Status(500), Unknown(Garbled), Inconclusive),
        (CallError::Status(503), Unknown(Garbled), Inconclusive),
        (CallError::Status(201), Unknown(Garbled), Inconclusive),
        // 403 and the like: also a failure of the account
        (CallError::Status(401), Unknown(Blocked), AccountFailure),
        (CallError::Status(403), Unknown(Blocked), AccountFailure),
        (CallError::Status(407), Unknown(Blocked), AccountFailure),
        // body not JSON, no integer `code`, `success` contradicting `code`
        (CallError::Malformed(why()), Unknown(Garbled), Inconclusive),
        (CallError::TooLarge, Unknown(Garbled), Inconclusive),
        // code 200 with a missing or wrong signature, a stale date
        (
            CallError::Unverified(why()),
            Unknown(Unverified),
            Inconclusive,
        ),
        (CallError::Stale(why()), Unknown(Unverified), Inconclusive),
        // or data that does not fit the request
        (CallError::Shape(why()), Unknown(Garbled), Inconclusive),
        // code 200 with empty `data` on a fetch
        (CallError::NoData, Unknown(NoData), NotFound),
    ]
}

/// Signed data that does not match the request.
fn mismatches() -> Vec<(CallError, FetchVerdict, QueryVerdict)> {
    let why = || "why".to_owned();
    let money = |text: &str| text.parse().unwrap();
    let mismatch =
        |mismatch, kind, verdict| (CallError::Mismatch(mismatch), Unknown(kind), verdict);
    let card_count = Mismatch::CardCount { wanted: 2, got: 1 };
    let price = Mismatch::Price {
        unit: money("1.00"),
        total: money("3.00"),
    };
    vec![
        mismatch(Mismatch::OrderId, DoubtKind::Mismatch, Inconclusive),
        mismatch(
            Mismatch::ProductId { wanted: 2, got: 5 },
            DoubtKind::Mismatch,
            Mismatched,
        ),
        mismatch(
            Mismatch::Quantity { wanted: 1, got: 2 },
            DoubtKind::Mismatch,
            Mismatched,
        ),
        mismatch(card_count, DoubtKind::Mismatch, Mismatched),
        mismatch(Mismatch::Card(why()), DoubtKind::Mismatch, Mismatched),
        mismatch(price, DoubtKind::Mismatch, Mismatched),
        mismatch(Mismatch::NotCompleted(why()), Pending, Inconclusive),
    ]
}

fn fetch_verdict(error: CallError) -> FetchVerdict {
    match Outcome::of(Err(error)) {
        Outcome::NotCharged(refusal) => Refused(refusal.kind),
        Outcome::Unknown(doubt) => Unknown(doubt.kind),
        Outcome::Charged(_) => panic!("an error charged"),
    }
}

fn query_verdict(error: CallError) -> QueryVerdict {
    match Lookup::of(Err(error)) {
        Lookup::NotFound(_) => NotFound,
        Lookup::Unknown(doubt) if doubt.is_account_failure() => AccountFailure,
        Lookup::Unknown(_) => Inconclusive,
        Lookup::Mismatch(_) => Mismatched,
        Lookup::Found(_) => panic!("an error found an order"),
    }
}

fn api(code: i64) -> CallError {
    CallError::Api(ApiError::new(code, "message"))
}

#[test]
fn fetch_verdict_of_every_code() {
    for (code, expected, _) in CODES {
        assert_eq!(fetch_verdict(api(*code)), *expected, "{code}");
    }
}

#[test]
fn query_verdict_of_every_code() {
    for (code, _, expected) in CODES {
        assert_eq!(query_verdict(api(*code)), *expected, "{code}");
    }
}

#[test]
fn refusal_kind_of_every_stored_code() {
    for (code, expected, _) in CODES {
        let refused = match expected {
            Refused(kind) => Some(*kind),
            Unknown(_) => None,
        };
        assert_eq!(RefusalKind::from_code(*code), refused, "{code}");
    }
}

#[test]
fn fetch_verdict_of_every_event_outside_the_envelope() {
    for (error, expected, _) in events().into_iter().chain(mismatches()) {
        assert_eq!(fetch_verdict(error.clone()), expected, "{error:?}");
    }
}

#[test]
fn query_verdict_of_every_event_outside_the_envelope() {
    for (error, _, expected) in events().into_iter().chain(mismatches()) {
        assert_eq!(query_verdict(error.clone()), expected, "{error:?}");
    }
}

#[test]
fn refusal_and_doubt_keep_code_and_message() {
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
fn doubt_kind_round_trips_as_a_word() {
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

#[test]
fn account_failures_are_those_that_every_call_would_meet() {
    let api = |code| CallError::Api(ApiError::new(code, "no"));
    for code in [400_101, 400_107, 400_108, 400_109, 400_110, 400_111] {
        assert!(api(code).is_account_failure(), "{code}");
    }
    for status in [401, 403, 407] {
        assert!(CallError::Status(status).is_account_failure(), "{status}");
    }
    let lost = CallError::Lost("no answer".to_owned());
    let never_sent = CallError::NeverSent("no route".to_owned());
    let others = [
        api(0),
        api(400_100),
        api(400_113),
        CallError::Status(429),
        CallError::Status(500),
    ];
    for error in others.into_iter().chain([lost, never_sent]) {
        assert!(!error.is_account_failure(), "{error:?}");
    }
}
