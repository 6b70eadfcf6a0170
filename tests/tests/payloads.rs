//! Every payload, from HTTP to a received CloudEvent, with the real program on both ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::HashMap,
    fs,
    process::{Command, Stdio},
};

use jiff::Timestamp;
use pointsman_tests::{
    delivery_id,
    fixtures::{self, Payload},
    http,
    server::{self, Server},
    sign,
};
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// One payload on its way.
struct Sent {
    id: String,
    payload: Payload,
    session: String,
}

fn all() -> Vec<(Payload, &'static str)> {
    let json = fixtures::github().chain(fixtures::derived()).chain([fixtures::large_push(5_000_000)]);
    let forms = fixtures::github().step_by(20).chain(fixtures::derived());
    json.map(|payload| (payload, JSON)).chain(forms.map(|payload| (payload, FORM))).collect()
}

fn send(server: &Server, nth: u32, payload: Payload, kind: &str) -> Sent {
    let body = if kind == FORM { fixtures::form_encoded(&payload.bytes) } else { payload.bytes.clone() };
    let id = delivery_id(Timestamp::now(), nth);
    let signature = sign(&server.secret, &body);
    let headers = [
        ("content-type", kind),
        ("x-github-event", &payload.event),
        ("x-github-delivery", &id),
        ("x-github-hook-id", "7"),
        ("x-hub-signature-256", &signature),
    ];
    let answer = http::post(&format!("{}/webhooks/github", server.url), &headers, &body).unwrap();
    assert_eq!(answer.status, 202, "{}/{}: {}", payload.event, payload.name, answer.text());
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((told["id"].as_str(), &told["duplicate"]), (Some(id.as_str()), &Value::Bool(false)));
    assert_eq!(told["subscriptions"], serde_json::json!(["all", "bytes"]));
    Sent { id, payload, session: told["session"].as_str().unwrap().to_owned() }
}

#[test]
fn every_payload_arrives_as_a_valid_event_in_order_and_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("pointsman.yaml");
    let text = "sources: {github: {secrets: ['literal:sesame']}}\nsubscriptions:\n  \
                - {name: all, events: ['*']}\n  - {name: bytes, events: ['*'], session: none}\n";
    fs::write(&config, text).unwrap();
    let mut server = Server::start(&["--config", config.to_str().unwrap()]);
    server.secret = "sesame".into();
    let sent: Vec<Sent> = all()
        .into_iter()
        .enumerate()
        .map(|(nth, (payload, kind))| send(&server, nth as u32, payload, kind))
        .collect();
    assert!(sent.len() > 329 + 31);
    lines_are_events_in_order(&server, &sent);
    stdin_carries_the_bytes(&server, &sent);
    server.stop();
}

/// `pointsman receive all`: a line an event.
fn lines_are_events_in_order(server: &Server, sent: &[Sent]) {
    let output =
        Command::new(server::binary()).args(["receive", "all", "--data"]).arg(&server.data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let schema =
        jsonschema::options().should_validate_formats(true).build(&fixtures::cloudevents_schema()).unwrap();
    let places: HashMap<&str, usize> =
        sent.iter().enumerate().map(|(at, sent)| (sent.id.as_str(), at)).collect();
    let (mut seen, mut last) = (vec![0; sent.len()], HashMap::new());
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Value = serde_json::from_slice(&without_halves(line)).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        let told: Vec<_> = schema.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(told.is_empty(), "{id}: {told:?}");
        let at = places[id.as_str()];
        let sent = &sent[at];
        assert_eq!(event["session"], sent.session.as_str());
        assert_eq!(event["partitionkey"], event["session"]);
        assert!(event["type"].as_str().unwrap().starts_with(&format!("com.github.{}", sent.payload.event)));
        let before = last.insert(sent.session.clone(), at);
        assert!(before.is_none_or(|before| before < at), "{} came before an older one of its session", id);
        seen[at] += 1;
    }
    assert!(seen.iter().all(|count| *count == 1), "each once: {seen:?}");
}

/// Half a surrogate pair is valid in JSON's grammar and in no Rust string: it is looked away from here, and compared
/// byte for byte below.
fn without_halves(line: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
        && serde_json::from_slice::<Value>(line).is_err()
    {
        true => String::from_utf8_lossy(line).replace("\\ud", "\\u0").replace("\\uD", "\\u0").into_bytes(),
        false => line.to_vec(),
    }
}

/// `pointsman receive bytes --exec`: stdin is the event, untouched.
fn stdin_carries_the_bytes(server: &Server, sent: &[Sent]) {
    let out = tempfile::tempdir().unwrap();
    let status = Command::new(server::binary())
        .args([
            "receive",
            "bytes",
            "--concurrency",
            "8",
            "--exec",
            "cat > \"$OUT/$POINTSMAN_EVENT_ID\"",
            "--data",
        ])
        .arg(&server.data)
        .env("OUT", out.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    for sent in sent {
        let event = fs::read(out.path().join(&sent.id)).unwrap();
        let wanted = [&b",\"data\":"[..], &sent.payload.bytes, b"}"].concat();
        assert!(
            event.ends_with(&wanted),
            "{}/{} is not byte for byte",
            sent.payload.event,
            sent.payload.name
        );
    }
}
