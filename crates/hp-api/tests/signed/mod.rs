//! Answers that the vendor signed.

use std::time::Duration;

use hp_api::{
    AppSecret, CallResult,
    answer::{Data, Header, Headers, accept},
    date,
    sign::{Signer, Verifier, flatten},
};
use serde_json::{Value, json};

/// When the answers were signed, and when they arrive.
const NOW: &str = "Tue, 05 Mar 2024 10:11:12 GMT";

/// Signs the data, accepts the answer, and reads it.
pub(crate) fn signed<T>(
    data: &Value,
    read: impl FnOnce(Data<'_>) -> CallResult<T>,
) -> CallResult<T> {
    let secret = AppSecret::from("secret".to_owned());
    let flat = flatten(data.to_string().as_bytes()).unwrap();
    let sign = Signer::secret(secret.clone()).sign(&flat, NOW);
    let headers = Headers {
        sign: Header::Once(sign.as_bytes()),
        date_gmt: Header::Once(NOW.as_bytes()),
    };
    let body = json!({"code": 200, "data": data}).to_string();
    let (now, window) = (date::parse(NOW).unwrap(), Duration::from_mins(5));
    let verifier = Verifier::secret(secret);
    read(accept(&verifier, now, window, &headers, body.as_bytes()).unwrap())
}
