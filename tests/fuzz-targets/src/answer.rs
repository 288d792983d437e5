use std::time::{Duration, UNIX_EPOCH};

use hp_api::{
    AppSecret, CallError, Outcome,
    answer::{Data, Header, Headers, accept},
    date,
    sign::{Signer, Verifier, flatten},
};

/// No body makes the client panic, and none without a signature counts as a charge. If the body is JSON, it is also read as
/// data with a good signature, by each of the calls.
pub fn answer(body: &[u8]) {
    let unsigned = Headers::default();
    let unsigned = accept(&verifier(), UNIX_EPOCH, Duration::ZERO, &unsigned, body);
    let outcome = Outcome::of(unsigned.and_then(Data::into_order));
    assert!(!matches!(outcome, Outcome::Charged(_)), "{outcome:?}");
    if let Ok(flat) = flatten(body) {
        let now = date::format(UNIX_EPOCH);
        let sign = Signer::secret(secret()).sign(&flat, &now);
        let signed = [br#"{"code":200,"data":"#, body, b"}"].concat();
        read_signed(&signed, &sign, &now);
    }
}

fn read_signed(body: &[u8], sign: &str, now: &str) {
    let headers = Headers {
        sign: Header::Once(sign.as_bytes()),
        date_gmt: Header::Once(now.as_bytes()),
    };
    let data = || accept(&verifier(), UNIX_EPOCH, Duration::ZERO, &headers, body);
    // A signed body is accepted unless its data is empty.
    assert!(matches!(data(), Ok(_) | Err(CallError::NoData)));
    // An order, and an order that a query finds.
    let _ = Outcome::of(data().and_then(Data::into_order));
    let _ = data().and_then(Data::into_card);
    let _ = data().and_then(Data::into_products);
}

fn secret() -> AppSecret {
    AppSecret::from("secret".to_owned())
}

fn verifier() -> Verifier {
    Verifier::secret(secret())
}
