//! A Function URL: a request as the event that its function gets, the function's answer as a response.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{function::Function, runtime::Answer};
use crate::house;

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code; 502 where the function gave no answer.
    pub status: u16,
    /// The body, as JSON where it is that.
    pub body: Value,
}

/// POSTs to a function's URL. Of a body that is no JSON Lambda makes base64; `base64` says that it does of any.
pub fn post(
    function: &Function,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    base64: bool,
) -> Response {
    let event = event(path, headers, body, base64).to_string();
    let Answer::Done(bytes) = function.invoke(event.as_bytes()).answer else {
        return Response { status: 502, body: Value::Null };
    };
    let told: Value = serde_json::from_slice(&bytes).expect("a function answers with JSON");
    let text = told["body"].as_str().unwrap_or_default();
    let status = told["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let body = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    Response { status: status.expect("an answer has a status"), body }
}

/// The recorded event with this request in it.
fn event(path: &str, headers: &[(&str, &str)], body: &[u8], base64: bool) -> Value {
    let recorded = house::root().join("tests/fixtures/events/function-url.json");
    let recorded = fs::read(recorded).expect("the fixture is there");
    let mut event: Value = serde_json::from_slice(&recorded).expect("the fixture is JSON");
    let json = headers.contains(&("content-type", "application/json"));
    let text = std::str::from_utf8(body).ok().filter(|_| json && !base64);
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    let length = body.len().to_string();
    let headers = headers.iter().copied().chain([("content-length", length.as_str())]);
    event["headers"] = headers.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    event["isBase64Encoded"] = text.is_none().into();
    event["body"] = text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned).into();
    event
}
