//! Recorded requests, and what is none. What a stage gets of one and what its outcome becomes: `parity`.

use std::sync::Mutex;

use pointsman_core::{
    outcome::Outcome,
    pipeline::{Accepted, Request},
};
use pointsman_host_lambda::{Event, Fault, Trigger, http};
use serde_json::Value;

use crate::support::{event, recorded};

fn accepted() -> Outcome<Accepted> {
    let (id, session) = ("72d3162e".to_owned(), "acme/widgets/pull_request/7".to_owned());
    Outcome::Done(Accepted {
        id,
        session,
        subscriptions: vec!["all".into()],
        duplicate: false,
        traceparent: String::new(),
    })
}

/// The answer, and what the stage got.
async fn handled(event: &Event) -> (Result<Value, Fault>, Option<Request>) {
    let seen = Mutex::new(None);
    let stage = async |request: Request| {
        *seen.lock().unwrap() = Some(request);
        accepted()
    };
    let answer = http::handle(event, "intake", &[], stage).await;
    (answer, seen.into_inner().unwrap())
}

async fn status(name: &str) -> Value {
    let (answer, _) = handled(&recorded(name)).await;
    answer.unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn a_recorded_request_reaches_the_stage_and_its_answer_the_sender() {
    let (answer, request) = handled(&recorded("function-url.json")).await;
    let request = request.unwrap();
    let recorded_body: Value = serde_json::from_str(std::str::from_utf8(&request.body).unwrap()).unwrap();
    assert_eq!(request.headers.get("content-length"), Some(&*request.body.len().to_string()));
    assert_eq!(recorded_body["pull_request"]["title"], "Żółw 🚂");
    assert_eq!((&*request.source, &*request.peer.to_string()), ("github", "140.82.115.10"));
    assert_eq!(request.headers.get("x-github-event"), Some("pull_request"));
    let answer = answer.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&202.into(), &false.into()));
    assert_eq!(answer["headers"]["content-type"], "application/json");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["session"], "acme/widgets/pull_request/7");
    let (_, request) = handled(&recorded("function-url-base64.json")).await;
    assert_eq!(&request.unwrap().body[..], b"payload=%7B%22zen%22%3A%22x%22%7D\xff\x00");
}

#[tokio::test]
async fn api_gateways_own_stage_is_no_part_of_the_path() {
    let (answer, request) = handled(&recorded("api-gateway-v2.json")).await;
    assert_eq!((answer.unwrap()["statusCode"].clone(), &*request.unwrap().source), (202.into(), "github"));
}

#[tokio::test]
async fn what_is_no_webhook_never_reaches_the_stage() {
    assert_eq!(status("function-url-broken-base64.json").await, 400);
    assert_eq!(status("function-url-get.json").await, 405);
    let text =
        r#"{"rawPath":"/admin/queues","requestContext":{"http":{"method":"POST","sourceIp":"192.0.2.1"}}}"#;
    let (answer, request) = handled(&event(text)).await;
    assert_eq!((answer.unwrap()["statusCode"].clone(), request.is_none()), (404.into(), true));
}

#[tokio::test]
async fn an_event_that_is_no_request_is_a_fault_that_says_so() {
    for json in ["null", "[]", "{}", r#"{"requestContext": 1}"#] {
        let (answer, request) = handled(&event(json)).await;
        let fault = answer.unwrap_err();
        assert!(fault.kind == "Malformed" && fault.message.contains("no HTTP request"), "{json}: {fault}");
        assert!(request.is_none());
    }
}

#[test]
fn triggers_are_told_apart_by_what_only_they_have() {
    let cases = [
        ("function-url.json", Trigger::Http),
        ("api-gateway-v2.json", Trigger::Http),
        ("sqs-fifo.json", Trigger::Queue),
        ("schedule.json", Trigger::Timer),
        ("direct.json", Trigger::Direct),
    ];
    for (name, trigger) in cases {
        assert_eq!(recorded(name).trigger(), trigger, "{name}");
    }
}
