use crate::{
    call_error::{ApiError, CallError, CallResult},
    json::{self, Value},
};

/// Returns the `data` of a success: an object or a list that is not empty.
pub(super) fn data(body: &[u8]) -> CallResult<Value<'_>> {
    let mut envelope = open(body)?;
    let code = code(&mut envelope)?;
    check_success(&mut envelope, code)?;
    if code != 200 {
        return Err(ApiError::new(code, &message(&mut envelope)).into());
    }
    let data = envelope.take("data").unwrap_or(Value::Null);
    if is_empty(&data) {
        return Err(CallError::NoData);
    }
    match data {
        Value::List(_) | Value::Map(_) => Ok(data),
        _ => Err(malformed("data is neither an object nor a list")),
    }
}

fn open(body: &[u8]) -> CallResult<Value<'_>> {
    let envelope = json::read_unambiguous(body, json::MAX_LEVELS)
        .map_err(|error| CallError::Malformed(format!("the body is not JSON: {error}")))?;
    match envelope {
        Value::Map(_) => Ok(envelope),
        _ => Err(malformed("the body is not a JSON object")),
    }
}

fn code(envelope: &mut Value) -> CallResult<i64> {
    match envelope.take("code") {
        Some(Value::Int(code)) => Ok(code),
        _ => Err(malformed("code is not an integer")),
    }
}

/// Checks the optional field `success`, which must agree with the code.
fn check_success(envelope: &mut Value, code: i64) -> CallResult<()> {
    match envelope.take("success") {
        None => Ok(()),
        Some(Value::Bool(success)) if success == (code == 200) => Ok(()),
        Some(Value::Bool(_)) => Err(malformed("success contradicts code")),
        Some(_) => Err(malformed("success is not a boolean")),
    }
}

fn message<'a>(envelope: &mut Value<'a>) -> std::borrow::Cow<'a, str> {
    match envelope.take("message") {
        Some(Value::Text(message)) => message,
        _ => "no message".into(),
    }
}

/// Returns `true` if PHP takes the data for empty. The vendor does not sign such data.
fn is_empty(data: &Value) -> bool {
    match data {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text.is_empty() || text == "0",
        Value::List(elements) => elements.is_empty(),
        _ => false,
    }
}

fn malformed(why: &str) -> CallError {
    CallError::Malformed(why.to_owned())
}
