//! Requests: bytes, headers and sender as they came; every outcome with core's own answer.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, header::CONTENT_TYPE};
use pointsman_core::{
    answer::{self, Answer},
    outcome::{Outcome, Reason, Rejection},
    pipeline::{Accepted, Request},
    port::PortError,
};

use super::{Webhooks, stand::Stand};

/// Payloads of tests/fixtures: of the event, and the bytes.
macro_rules! fixtures {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../../tests/fixtures/", $path, ".payload.json")))),+]
    };
}

/// GitHub's own, and those whose bytes are easily changed on the way.
const RECORDED: &[(&str, &[u8])] = fixtures![
    "github/ping/01",
    "github/pull_request/01.opened",
    "github/push/05",
    "derived/issues/text-combining",
    "derived/issues/text-controls",
    "derived/issues/text-emoji",
    "derived/issues/text-line-separators",
    "derived/issues/text-lone-surrogates",
    "derived/issues/text-nul-escape",
    "derived/issues/text-pretty-printed",
    "derived/issues/text-right-to-left",
    "derived/issues/text-very-long",
    "derived/ping/bytes-crlf",
    "derived/ping/bytes-escapes",
    "derived/ping/bytes-numbers",
    "derived/ping/bytes-repeated-keys",
];

const WEBHOOK: &str = "/webhooks/github";

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> http::Request<Bytes> {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request of plain parts")
}

fn post(headers: &[(&str, &str)], body: impl Into<Bytes>) -> http::Request<Bytes> {
    request(Method::POST, WEBHOOK, headers, body.into())
}

fn accepted() -> Accepted {
    Accepted {
        id: "72d3162e-cc78-11e3-81ab-4c9367dc0958".into(),
        session: "acme/widgets/pull_request/7".into(),
        subscriptions: vec!["all".into(), "Żółw".into()],
        duplicate: false,
        traceparent: String::new(),
    }
}

impl Stand {
    /// Sends it to a stage that ends so; the answer, and what the stage got.
    async fn ask(
        &self,
        request: http::Request<Bytes>,
        end: fn() -> Outcome<Accepted>,
    ) -> (Answer, Option<Request>) {
        let seen = Arc::new(Mutex::new(None));
        let notes = seen.clone();
        let stage: Webhooks = Arc::new(move |request| {
            *notes.lock().expect("nobody panics with it") = Some(request);
            Box::pin(async move { end() })
        });
        let answer = self.ports.host.request(request, stage).await;
        let seen = seen.lock().expect("nobody panics with it").take();
        (answer, seen)
    }

    /// Sends it to a stage that takes it in, and says what that got.
    async fn seen(&self, request: http::Request<Bytes>) -> Request {
        let (answer, seen) = self.ask(request, || Outcome::Done(accepted())).await;
        assert_eq!(answer.status(), 202, "{}", String::from_utf8_lossy(answer.body()));
        seen.expect("the stage was called")
    }
}

pub(super) async fn a_recorded_delivery_reaches_the_stage_byte_for_byte(stand: Stand) {
    for (name, payload) in RECORDED {
        let event = name.split('/').nth(1).expect("a fixture lies in its event's folder");
        let headers = [
            ("Content-Type", "application/json"),
            ("User-Agent", "GitHub-Hookshot/044aadd"),
            ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("X-GitHub-Event", event),
            ("X-GitHub-Hook-ID", "292430182"),
        ];
        let seen = stand.seen(post(&headers, *payload)).await;
        assert!(seen.body == payload, "{name}: {} of {} bytes", seen.body.len(), payload.len());
        assert_eq!(seen.source, "github");
        for (header, value) in headers {
            assert_eq!(seen.headers.get(&header.to_lowercase()), Some(value), "{name}");
        }
    }
}

pub(super) async fn any_bytes_reach_the_stage_unchanged(stand: Stand) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let bodies: [(&str, &[u8]); 7] = [
        ("application/json", b""),
        ("application/json", b"\xef\xbb\xbf{\"zen\":\"a byte order mark\"}\r\n"),
        ("application/json", b"{\"zen\":\"\xff\xfe\"}"),
        ("application/json; charset=utf-8", b"cGF5bG9hZA=="),
        ("application/x-www-form-urlencoded", b"payload=%7B%22zen%22%3A%22a+b%26c%22%7D"),
        ("application/x-www-form-urlencoded", b"payload=%7B%22zen%22%3A%22x%22%7D\xff\x00"),
        ("application/octet-stream", &every_byte),
    ];
    for (kind, body) in bodies {
        let seen = stand.seen(post(&[("content-type", kind)], body.to_vec())).await;
        assert_eq!(seen.body, body, "{kind}");
        assert_eq!(seen.headers.get("content-type"), Some(kind));
    }
}

pub(super) async fn every_header_reaches_the_stage_with_its_name_in_lower_case(stand: Stand) {
    let long = "a".repeat(8_000);
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", "sha256=00ff"),
        ("X-PLAIN", "a, b; c=\"d\", 'e' {f} %20 \\ =?utf-8?q?g?="),
        ("x-empty", ""),
        ("x-long", &long),
    ];
    let seen = stand.seen(post(&headers, "{}")).await;
    for (name, value) in headers {
        assert_eq!(seen.headers.get(&name.to_lowercase()), Some(value));
    }
}

pub(super) async fn behind_a_trusted_proxy_the_sender_is_whom_it_names(stand: Stand) {
    let forged = [("x-forwarded-for", "198.51.100.1, 140.82.115.10, 127.0.0.1")];
    let seen = stand.seen(post(&forged, "{}")).await;
    assert_eq!(seen.peer, "140.82.115.10".parse::<IpAddr>().expect("an address"));
    let seen = stand.seen(post(&[], "{}")).await;
    assert_eq!(seen.peer, "127.0.0.1".parse::<IpAddr>().expect("an address"));
}

pub(super) async fn the_longest_body_reaches_the_stage(stand: Stand) {
    let longest = "a".repeat(stand.capabilities.largest_request);
    assert!(stand.seen(post(&[], longest.clone())).await.body == longest);
}

pub(super) async fn a_longer_body_is_413_and_never_reaches_the_stage(stand: Stand) {
    let longer = "a".repeat(stand.capabilities.largest_request + 1);
    let (answer, seen) = stand.ask(post(&[], longer), || Outcome::Done(accepted())).await;
    assert_eq!((answer.status().as_u16(), seen.is_none()), (413, true));
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
}

pub(super) async fn what_is_no_webhook_never_reaches_the_stage(stand: Stand) {
    for path in ["/", "/webhooks", "/webhooks/", "/webhooks/a/b", "/webhook/github"] {
        let asked = request(Method::POST, path, &[], Bytes::from("{}"));
        let (answer, seen) = stand.ask(asked, || Outcome::Done(accepted())).await;
        assert_eq!((answer.status().as_u16(), seen.is_none()), (404, true), "{path}");
        assert_eq!(answer.body(), answer::not_found().body());
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let asked = request(method.clone(), WEBHOOK, &[], Bytes::new());
        let (answer, seen) = stand.ask(asked, || Outcome::Done(accepted())).await;
        assert_eq!((answer.status().as_u16(), seen.is_none()), (405, true), "{method}");
        assert_eq!(answer.headers()["allow"], "POST");
    }
}

fn rejected(reason: Reason) -> Outcome<Accepted> {
    Outcome::Rejected(Rejection::new(reason, "what was wrong: `a` \"b\" Żółw"))
}

/// Every kind of end that a webhook has.
const ENDS: [fn() -> Outcome<Accepted>; 14] = [
    || Outcome::Done(accepted()),
    || Outcome::Done(Accepted { duplicate: true, ..accepted() }),
    || Outcome::Skipped("nobody wants it".into()),
    || Outcome::Retry {
        after: Duration::from_millis(1_500),
        cause: PortError::unavailable("the disk is full"),
    },
    || rejected(Reason::Malformed),
    || rejected(Reason::Signature),
    || rejected(Reason::NotOwned),
    || rejected(Reason::OtherApp),
    || rejected(Reason::NotByFront),
    || rejected(Reason::UnknownSource),
    || rejected(Reason::TooLarge),
    || rejected(Reason::MediaType),
    || rejected(Reason::TooManyFailures { after: 45 }),
    || rejected(Reason::Failed),
];

pub(super) async fn every_outcome_has_the_answer_that_core_gives_it(stand: Stand) {
    for end in ENDS {
        let expected = answer::outcome(&end());
        let (answer, _) = stand.ask(post(&[], "{}"), end).await;
        assert_eq!(answer.status(), expected.status());
        for (name, value) in expected.headers() {
            assert_eq!(answer.headers().get(name), Some(value), "{}", expected.status());
        }
        assert_eq!(answer.body(), expected.body(), "{}", expected.status());
    }
}

pub(super) async fn a_panic_is_a_500_and_the_next_request_is_served(stand: Stand) {
    let (answer, _) = stand.ask(post(&[], "{}"), || panic!("a bug")).await;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.body(), answer::failed().body());
    stand.seen(post(&[], "{}")).await;
}
