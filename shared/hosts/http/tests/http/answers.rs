//! Every address, every outcome.

use std::{net::SocketAddr, time::Duration};

use crate::support::{Running, accepted, echo, post, short};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::{Accepted, Request},
    port::PortError,
};
use pointsman_host_http::{Dependency, Parts, Server};
use tokio::net::TcpStream;

/// A stage that answers by the source's name.
async fn by_source(request: Request) -> Outcome<Accepted> {
    let reject = |reason| Outcome::Rejected(Rejection::new(reason, "why"));
    match request.source.as_str() {
        "skipped" => Outcome::Skipped("nobody asked for it".into()),
        "retry" => Outcome::Retry {
            after: Duration::from_millis(1500),
            cause: PortError::unavailable("the disk under /secret/path is full"),
        },
        "malformed" => reject(Reason::Malformed),
        "signature" => reject(Reason::Signature),
        "not-owned" => reject(Reason::NotOwned),
        "other-app" => reject(Reason::OtherApp),
        "unknown" => reject(Reason::UnknownSource),
        "too-large" => reject(Reason::TooLarge),
        "media-type" => reject(Reason::MediaType),
        "failures" => reject(Reason::TooManyFailures { after: 17 }),
        "failed" => reject(Reason::Failed),
        "panic" => panic!("the stage's own fault"),
        _ => Outcome::Done(accepted(&request)),
    }
}

#[tokio::test]
async fn each_outcome_has_its_status() {
    let server = Running::start(Parts::new("intake", by_source)).await;
    let cases = [
        ("github", 202, None),
        ("skipped", 200, None),
        ("retry", 503, Some("2")),
        ("malformed", 400, None),
        ("signature", 401, None),
        ("not-owned", 403, None),
        ("other-app", 403, None),
        ("unknown", 404, None),
        ("too-large", 413, None),
        ("media-type", 415, None),
        ("failures", 429, Some("17")),
        ("failed", 422, None),
        ("panic", 500, None),
    ];
    let mut client = server.connect().await;
    for (source, status, retry_after) in cases {
        client
            .send(format!("POST /webhooks/{source} HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n{{}}"))
            .await;
        let answer = client.answer().await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (status, retry_after), "{source}");
        if status < 400 {
            assert_eq!(answer.header("content-type"), Some("application/json"), "{source}");
            continue;
        }
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{source}");
        let problem = answer.json();
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&"about:blank".into(), &status.into()),
            "{source}"
        );
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{source}");
        assert!(!answer.body.contains("/secret/path"), "the sender was told {}", answer.body);
    }
}

#[tokio::test]
async fn a_client_library_gets_202_and_the_answer_as_json() {
    let server = Running::start(echo().0).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..3 {
        let request = hyper::Request::post("/webhooks/github")
            .header("host", "t")
            .header("X-GitHub-Delivery", "d-1")
            .body(Full::new(bytes::Bytes::from(vec![b'x'; 100_000])))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 202);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            body,
            r#"{"id":"d-1","session":"github/127.0.0.1","subscriptions":["100000"],"duplicate":false}"#
        );
    }
    drop(sender);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn other_methods_and_addresses_are_refused_as_problems() {
    let server = Running::start(echo().0).await;
    let cases = [
        ("GET /webhooks/github", 405, Some("POST")),
        ("PUT /webhooks/github", 405, Some("POST")),
        ("POST /health", 405, Some("GET, HEAD")),
        ("DELETE /ready", 405, Some("GET, HEAD")),
        ("POST /metrics", 405, Some("GET, HEAD")),
        ("GET /", 404, None),
        ("POST /webhooks", 404, None),
        ("POST /webhooks/", 404, None),
        ("POST /webhooks/a/b", 404, None),
        ("GET /health/more", 404, None),
        ("OPTIONS *", 404, None),
    ];
    for (line, status, allow) in cases {
        let answer = server.ask(format!("{line} HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{line}");
        assert_eq!(answer.json()["status"], status, "{line}");
    }
}

#[tokio::test]
async fn readiness_names_each_dependency() {
    let check =
        |store: fn(Dependency) -> Dependency| move || async move { vec![store(Dependency::ok("store"))] };
    let full = |store: Dependency| store.down("disk full").because(Some("no space left".into()));
    let get = "GET /ready HTTP/1.1\r\nhost: t\r\n\r\n";
    let ready = Running::start(echo().0.ready(check(|store| store))).await.ask(get).await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.body,
        r#"{"status":"ok","ready":true,"dependencies":[{"name":"store","ready":true,"state":"ok"}]}"#
    );
    let degraded = Running::start(echo().0.ready(check(|store| store.degraded("slow")))).await.ask(get).await;
    assert_eq!(
        (degraded.status, degraded.json()["status"].as_str()),
        (200, Some("degraded")),
        "it is not dead"
    );
    let not = Running::start(echo().0.ready(check(full))).await.ask(get).await;
    assert_eq!((not.status, not.json()["status"].as_str()), (503, Some("down")));
    let store = &not.json()["dependencies"][0];
    assert_eq!((&store["state"], &store["last_error"]), (&"disk full".into(), &"no space left".into()));
}

#[tokio::test]
async fn a_readiness_check_that_hangs_is_not_ready() {
    let mut parts = echo().0.ready(std::future::pending);
    parts.limits.ready_time = Duration::from_millis(50);
    let answer = Running::start(parts).await.ask("GET /ready HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!((answer.status, &answer.json()["ready"]), (503, &false.into()));
}

#[tokio::test]
async fn health_and_metrics_are_told() {
    let server = Running::start(echo().0.metrics(|| "up 1\n".into())).await;
    assert_eq!(server.ask("GET /health HTTP/1.1\r\nhost: t\r\n\r\n").await.body, r#"{"status":"ok"}"#);
    let metrics = server.ask("GET /metrics HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(metrics.body, "up 1\n");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}

#[tokio::test]
async fn the_client_is_whom_a_trusted_proxy_names() {
    for (trusted, who) in [("127.0.0.0/8", "github/198.51.100.7"), ("10.0.0.0/8", "github/127.0.0.1")] {
        let mut parts = echo().0;
        parts.trusted_proxies = vec![trusted.parse().unwrap()];
        let request = "POST /webhooks/github HTTP/1.1\r\nhost: t\r\nx-forwarded-for: 6.6.6.6, 198.51.100.7\r\n\
                       content-length: 0\r\n\r\n";
        assert_eq!(Running::start(parts).await.ask(request).await.json()["session"], who);
    }
}

#[tokio::test]
async fn an_address_in_use_is_told_with_what_to_do() {
    let first = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), echo().0).await.unwrap();
    let second = Server::bind(first.local_addr(), echo().0).await.map(|server| server.local_addr());
    let error = second.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let address = first.local_addr();
    let wanted =
        format!("cannot listen on {address}: another program uses it: stop that, or listen elsewhere");
    assert_eq!(error.to_string(), wanted);
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_order_also_when_pipelined() {
    let mut parts = echo().0;
    parts.limits = short();
    let server = Running::start(parts).await;
    let mut client = server.connect().await;
    client.send([post(b"1"), post(b"22"), post(b"333")].concat()).await;
    for length in ["1", "2", "3"] {
        assert_eq!(client.answer().await.unwrap().json()["subscriptions"][0], length);
    }
    assert!(client.is_closed().await, "an idle connection was kept for ever");
}
