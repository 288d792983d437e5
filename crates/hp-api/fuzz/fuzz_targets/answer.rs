//! No body makes the client panic. The second half signs the body correctly, so that the code behind the signature check
//! reads it too.

#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use hp_api::{
    AppSecret, CallError,
    answer::{Data, Header, Headers, accept},
    date,
    sign::{Signer, Verifier, flatten},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let unsigned = Headers::default();
    assert!(accept(&verifier(), UNIX_EPOCH, Duration::ZERO, &unsigned, data).is_err());
    if let Ok(flat) = flatten(data) {
        let now = date::format(UNIX_EPOCH);
        let sign = Signer::secret(secret()).sign(&flat, &now);
        let body = [br#"{"code":200,"data":"#, data, b"}"].concat();
        read(&body, &sign, &now);
    }
});

fn read(body: &[u8], sign: &str, now: &str) {
    let headers = Headers {
        sign: Header::Once(sign.as_bytes()),
        date_gmt: Header::Once(now.as_bytes()),
    };
    let data = || accept(&verifier(), UNIX_EPOCH, Duration::ZERO, &headers, body);
    // A signed body is accepted unless its data is empty.
    assert!(matches!(data(), Ok(_) | Err(CallError::NoData)));
    let _ = data().and_then(Data::into_order);
    let _ = data().and_then(Data::into_card);
    let _ = data().and_then(Data::into_products);
}

fn secret() -> AppSecret {
    AppSecret::from("secret".to_owned())
}

fn verifier() -> Verifier {
    Verifier::secret(secret())
}
