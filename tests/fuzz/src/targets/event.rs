//! The mapping to CloudEvents: every JSON is an event, whole, with its payload byte for byte; what is no JSON is refused.

use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    event::{Cause, Envelope, Event},
    pipeline::{Request, explain},
    session::LONGEST,
};
use serde_json::Value;

use super::first_line;
use crate::world::{now, rules};

/// `source event id content-type`, a line; then the body.
pub fn target(data: &[u8]) {
    let (line, body) = first_line(data);
    let words: Vec<&str> = line.split(' ').collect();
    let word = |nth: usize, usual: &'static str| {
        words.get(nth).copied().filter(|it| !it.is_empty()).unwrap_or(usual)
    };
    let form = word(3, "json").starts_with('f');
    let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    let headers = [
        ("x-github-event", word(1, "push")),
        ("x-github-delivery", word(2, "13cfa000-e5a3-11f1-8080-0123456789ab")),
        ("x-event", word(1, "push")),
        ("content-type", kind),
        ("traceparent", word(4, "")),
    ];
    let source = if rules().sources.contains_key(word(0, "")) { word(0, "") } else { "github" };
    let request = Request {
        source: source.to_owned(),
        headers: headers.into_iter().collect(),
        body: Bytes::copy_from_slice(body),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let payload = pointsman_core::pipeline::payload(&request.headers, &request.body);
    let Ok((event, verdicts)) = explain(&request, rules(), now()) else {
        let read: Option<Value> = payload.ok().and_then(|payload| serde_json::from_slice(&payload).ok());
        let refused = source == "github" && read.is_some_and(|value| value.is_object());
        assert!(!refused, "a JSON object of GitHub's is always an event");
        return;
    };
    let payload = payload.expect("an event has a payload");
    for verdict in &verdicts {
        let Some(session) = &verdict.session else { continue };
        let key = session.as_str();
        assert!((1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()), "{key:?}");
        whole(&event, &event.body(Some(session), &payload, true).to_bytes(), &payload);
    }
    whole(&event, &event.body(None, &payload, true).to_bytes(), &payload);
    let reference = event.body(None, &payload, false).to_bytes();
    let reference = Envelope::read(&reference).expect("a reference is an event");
    assert_eq!((reference.data(), reference.attribute("dataref")), (None, Some(event.dataref.clone())));
}

/// What is sent is the event with the payload in it, also after a retry wrote its cause.
fn whole(event: &Event, body: &[u8], payload: &[u8]) {
    let value: Value = serde_json::from_slice(body).expect("an event is JSON");
    assert_eq!(value["specversion"], "1.0");
    for name in ["id", "source", "type", "time", "dataref", "traceparent"] {
        assert!(value[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {}", value[name]);
    }
    assert!(event.time.parse::<Timestamp>().is_ok(), "{}", event.time);
    assert!(event.source.bytes().all(|byte| byte.is_ascii_graphic()) || !event.source.is_ascii());
    let envelope = Envelope::read(body).expect("what is sent can be read");
    let bare = payload.trim_ascii();
    assert_eq!(envelope.data().map(str::as_bytes), Some(bare), "byte for byte");
    let again = envelope.rewritten(Some(Cause::Retried), None);
    let again = Envelope::read(&again).expect("rewritten, it can be read");
    assert_eq!(again.attribute("cause").as_deref(), Some("retried"));
    assert_eq!((again.data(), again.attribute("id")), (envelope.data(), Some(event.id.clone())));
}
