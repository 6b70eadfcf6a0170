//! A Function URL's or API Gateway's request (payload 2.0) as a stage's input, its outcome as the answer.
//!
//! The event is read by us: lambda_http panics at a body that says it is base64 and is not.

use std::{collections::BTreeMap, net::IpAddr, time::Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Method, StatusCode};
use ipnet::IpNet;
use pointsman_core::{
    answer::{self, Answer},
    client,
    delivery::Headers,
    invocation,
    outcome::Outcome,
    pipeline::{Accepted, Request},
    telemetry,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Event, Fault};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    raw_path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: Context,
}

#[derive(Deserialize)]
struct Context {
    stage: Option<String>,
    http: Line,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    method: String,
    source_ip: IpAddr,
}

/// Hands `POST /webhooks/{source}` to the stage. `trusted` are proxies whose `X-Forwarded-For` is believed.
///
/// A fault is only what is no request at all: to every request there is an answer.
pub async fn handle<F>(
    event: &Event,
    name: &'static str,
    trusted: &[IpNet],
    stage: impl FnOnce(Request) -> F,
) -> Result<Value, Fault>
where
    F: Future<Output = Outcome<Accepted>>,
{
    let begun = Instant::now();
    let asked: Asked = event.read("HTTP request (payload 2.0)")?;
    let method = Method::from_bytes(asked.request_context.http.method.as_bytes());
    let answer = match request(asked, trusted) {
        Ok(request) => invocation::answer(request, name, Instant::now, stage).await,
        Err(answer) => *answer,
    };
    let method = method.unwrap_or(Method::POST);
    telemetry::served(&method, "/webhooks/{source}", answer.status(), begun.elapsed());
    Ok(told(answer))
}

/// The stage's input, or the answer to what is none.
fn request(asked: Asked, trusted: &[IpNet]) -> Result<Request, Box<Answer>> {
    let Asked { raw_path, headers, body, is_base64_encoded, request_context: Context { stage, http } } =
        asked;
    // API Gateway puts the name of its own stage before the path, but for the default one.
    let stage = stage.filter(|stage| stage != "$default");
    let path = stage.and_then(|stage| raw_path.strip_prefix(&format!("/{stage}/"))).unwrap_or(&raw_path);
    let source =
        path.trim_start_matches('/').strip_prefix("webhooks/").map(|rest| rest.trim_end_matches('/'));
    let Some(source) = source.filter(|source| !source.is_empty() && !source.contains('/')) else {
        return Err(answer::not_found().into());
    };
    if http.method != "POST" {
        return Err(answer::not_allowed("POST").into());
    }
    let body = body.unwrap_or_default();
    let body = if is_base64_encoded {
        BASE64_STANDARD.decode(&body).map_err(|_| {
            answer::problem(StatusCode::BAD_REQUEST, "The body is not the base64 that the event says it is.")
        })?
    } else {
        body.into_bytes()
    };
    let headers: Headers = headers.into_iter().collect();
    let hops = headers.iter().filter(|(name, _)| *name == "x-forwarded-for").map(|(_, line)| Some(line));
    let hops: Vec<_> = hops.collect();
    let peer = client::address(http.source_ip, hops.into_iter(), trusted);
    Ok(Request { source: source.to_owned(), headers, body: Bytes::from(body), peer })
}

fn told(answer: Answer) -> Value {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: BTreeMap<_, _> =
        answer.headers().iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    json!({
        "statusCode": answer.status().as_u16(),
        "headers": headers,
        "body": String::from_utf8_lossy(answer.body()),
        "isBase64Encoded": false,
    })
}
