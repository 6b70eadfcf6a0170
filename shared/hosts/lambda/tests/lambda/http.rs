//! Requests become inputs, outcomes answers.

use std::{sync::Mutex, time::Duration};

use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::{Accepted, Request},
    port::PortError,
};
use pointsman_host_lambda::{Event, Fault, Trigger, http};
use serde_json::Value;

use crate::support::{event, recorded};

fn accepted() -> Outcome<Accepted> {
    let (id, session) = ("72d3162e".to_owned(), "acme/widgets/pull_request/7".to_owned());
    Outcome::Done(Accepted { id, session, subscriptions: vec!["all".into()], duplicate: false })
}

/// The answer, and what the stage got.
async fn handled(
    event: &Event,
    proxies: &str,
    outcome: Outcome<Accepted>,
) -> (Result<Value, Fault>, Option<Request>) {
    let seen = Mutex::new(None);
    let trusted: Vec<_> = proxies.parse().into_iter().collect();
    let stage = async |request: Request| {
        *seen.lock().unwrap() = Some(request);
        outcome
    };
    let answer = http::handle(event, "intake", &trusted, stage).await;
    (answer, seen.into_inner().unwrap())
}

async fn status(name: &str) -> Value {
    let (answer, _) = handled(&recorded(name), "", accepted()).await;
    answer.unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn a_body_reaches_the_stage_byte_for_byte() {
    let (answer, request) = handled(&recorded("function-url.json"), "", accepted()).await;
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
}

#[tokio::test]
async fn a_base64_body_is_decoded_and_nothing_else() {
    let (_, request) = handled(&recorded("function-url-base64.json"), "", accepted()).await;
    assert_eq!(&request.unwrap().body[..], b"payload=%7B%22zen%22%3A%22x%22%7D\xff\x00");
}

#[tokio::test]
async fn api_gateways_own_stage_is_no_part_of_the_path() {
    let (answer, request) = handled(&recorded("api-gateway-v2.json"), "", accepted()).await;
    assert_eq!((answer.unwrap()["statusCode"].clone(), &*request.unwrap().source), (202.into(), "github"));
}

#[tokio::test]
async fn what_is_no_webhook_never_reaches_the_stage() {
    assert_eq!(status("function-url-broken-base64.json").await, 400);
    assert_eq!(status("function-url-get.json").await, 405);
    for path in ["/", "/webhooks", "/webhooks/", "/webhooks/a/b", "/admin/queues"] {
        let text = r#"{"rawPath":"PATH","requestContext":{"http":{"method":"POST","sourceIp":"192.0.2.1"}}}"#;
        let (answer, request) = handled(&event(&text.replace("PATH", path)), "", accepted()).await;
        assert_eq!(answer.unwrap()["statusCode"], 404, "{path}");
        assert!(request.is_none());
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_sender_is_whom_it_names() {
    let event = recorded("function-url.json");
    let text = r#"{"rawPath":"/webhooks/github","headers":{"x-forwarded-for":"198.51.100.1, 140.82.115.10"},
        "requestContext":{"http":{"method":"POST","sourceIp":"140.82.115.10"}}}"#;
    let (_, direct) = handled(&event, "", accepted()).await;
    let (_, behind) = handled(&crate::support::event(text), "140.82.0.0/16", accepted()).await;
    assert_eq!(direct.unwrap().peer.to_string(), "140.82.115.10");
    assert_eq!(behind.unwrap().peer.to_string(), "198.51.100.1");
}

#[tokio::test]
async fn every_outcome_has_its_status() {
    let rejected = |reason| Outcome::Rejected(Rejection::new(reason, "no"));
    let after = Duration::from_millis(1500);
    let cases = [
        (Outcome::Skipped("nobody wants it".into()), 200, None),
        (Outcome::Retry { after, cause: PortError::unavailable("S3 is down") }, 503, Some("2")),
        (rejected(Reason::Signature), 401, None),
        (rejected(Reason::TooManyFailures { after: 45 }), 429, Some("45")),
        (rejected(Reason::UnknownSource), 404, None),
    ];
    for (outcome, status, retry) in cases {
        let (answer, _) = handled(&recorded("function-url.json"), "", outcome).await;
        let answer = answer.unwrap();
        assert_eq!(answer["statusCode"], status);
        assert_eq!(answer["headers"]["retry-after"].as_str(), retry, "{status}");
        assert!(
            !answer["body"].as_str().unwrap().contains("S3"),
            "the cause is none of the sender's business"
        );
    }
}

#[tokio::test]
async fn a_panic_is_told_to_the_sender_as_500() {
    let event = recorded("function-url.json");
    let answer = http::handle(&event, "intake", &[], async |_| panic!("a bug")).await;
    assert_eq!(answer.unwrap()["statusCode"], 500);
}

#[tokio::test]
async fn an_event_that_is_no_request_is_a_fault_that_says_so() {
    for json in ["null", "[]", "{}", r#"{"requestContext": 1}"#] {
        let (answer, request) = handled(&event(json), "", accepted()).await;
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
