//! Azurite's own key, with which each request is signed: over http it takes no token.

use std::{collections::BTreeMap, sync::Arc};

use azure_core::http::{
    AsyncRawResponse, Context, HttpClient, Request, StatusCode,
    headers::Headers,
    policies::{Policy, PolicyResult},
    request::Body,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use pointsman_core::port::Http as _;
use pointsman_fake_servicebus::Plain;
use sha2::Sha256;

/// The account that every Azurite has.
pub const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Headers that are signed by their place, in order.
const PLACES: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Signs.
#[derive(Debug)]
pub struct SharedKey;

#[async_trait::async_trait]
impl Policy for SharedKey {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()).expect("a date");
        request.insert_header("x-ms-date", date);
        let signature = signature(request);
        request.insert_header("authorization", format!("SharedKey {ACCOUNT}:{signature}"));
        next[0].send(context, request, &next[1..]).await
    }
}

fn signature(request: &Request) -> String {
    let headers: BTreeMap<&str, &str> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut signed = request.method().as_str().to_owned();
    for name in PLACES {
        let value = headers.get(name).copied().unwrap_or_default();
        signed += "\n";
        signed += if name == "content-length" && value == "0" { "" } else { value };
    }
    signed += "\n";
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        signed += &format!("{name}:{value}\n");
    }
    signed += &format!("/{ACCOUNT}{}", request.url().path());
    let query: BTreeMap<_, _> = request.url().query_pairs().collect();
    for (name, value) in query {
        signed += &format!("\n{}:{value}", name.to_lowercase());
    }
    let key = BASE64_STANDARD.decode(KEY).expect("the key is base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// A transport of tests that make what an adapter only uses.
#[derive(Debug)]
pub struct Direct;

#[async_trait::async_trait]
impl HttpClient for Direct {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else { unreachable!("nobody here streams") };
        let mut sent = http::Request::builder().method(request.method().as_str()).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        let answer =
            Plain::default().send(sent.body(body.clone()).expect("a request")).await.expect("an answer");
        let status = StatusCode::from(answer.status().as_u16());
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), answer.into_body()))
    }
}
