//! What goes wrong, goes wrong where a test says, or as the seed has it; and the judge of exchanges judges.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use pointsman_core::port::{ErrorKind, Http, PortError};
use pointsman_fake_github::{Fault, Odds, When};
use serde_json::json;

use crate::house::House;

const REPO: &str = "acme/widgets";

#[tokio::test]
async fn a_write_whose_answer_is_lost_took_effect() {
    let house = House::new();
    let sha = house.github.person("ada").commit(REPO, "main", "one", &[("a", Some("1"))]);
    let client = house.app().await;
    house.github.on_request(|moment| {
        let create = moment.operation == "POST /repos/{owner}/{repo}/git/refs";
        (create && moment.when == When::After).then_some(Fault::Unavailable)
    });
    let request = client.request("POST", "/git/refs", json!({ "ref": "refs/heads/x", "sha": sha }));
    let error = house.github.send(request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(house.github.reference(REPO, "refs/heads/x"), Some(sha));
}

#[tokio::test]
async fn a_stale_read_sees_what_was_before_the_last_write() {
    let house = House::new();
    let sha = house.github.person("ada").commit(REPO, "main", "one", &[("a", Some("1"))]);
    let client = house.app().await;
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    house.github.on_request(move |moment| {
        let read = moment.when == When::Before && moment.operation.starts_with("GET");
        (read && counted.fetch_add(1, Ordering::SeqCst) == 0).then_some(Fault::Stale(1))
    });
    client.post("/git/refs", json!({ "ref": "refs/heads/x", "sha": sha })).await;
    assert_eq!(client.send("GET", "/git/ref/heads/x", None).await.0, 404, "not seen yet");
    assert_eq!(client.send("GET", "/git/ref/heads/x", None).await.0, 200);
    reads.store(0, Ordering::SeqCst);
    let second = house.github.person("ada").commit(REPO, "main", "two", &[("a", Some("2"))]);
    let (_, stale) = client.send("GET", "/git/ref/heads/main", None).await;
    assert_eq!(stale["object"]["sha"], json!(sha), "what a person did is not seen yet either");
    assert_eq!(client.send("GET", "/git/ref/heads/main", None).await.1["object"]["sha"], json!(second));
}

#[tokio::test]
async fn limits_say_how_long() {
    let house = House::new();
    let client = house.app().await;
    house.github.on_request(|_| Some(Fault::SecondaryLimit(Duration::from_secs(60))));
    let answer = client.raw("GET", "/repos/acme/widgets", &[], None).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (403, "60"));
    house.github.on_request(|_| None);
    house.github.set_rate_limit(2);
    let mut last = 0;
    for _ in 0..3 {
        last = client.raw("GET", "/repos/acme/widgets", &[], None).await.status().as_u16();
    }
    assert_eq!(last, 403);
}

#[tokio::test]
async fn webhooks_are_lost_doubled_and_late_by_the_seed() {
    let sent = |seed_odds: Odds| {
        let house = House::new();
        house.github.set_odds(seed_odds);
        for number in 0..20 {
            house.github.person("ada").commit(
                REPO,
                "main",
                &format!("{number}"),
                &[("a", Some(&number.to_string()))],
            );
        }
        house.github.take_deliveries().into_iter().map(|it| it.guid).collect::<Vec<_>>()
    };
    let plain = sent(Odds::default());
    let odds = Odds { webhook_lost: 0.2, webhook_twice: 0.2, webhook_late: 0.2, ..Odds::default() };
    let faulty = sent(odds);
    assert_eq!(faulty, sent(odds), "the same seed, the same faults");
    assert!(plain.iter().any(|guid| !faulty.contains(guid)), "some are lost");
    assert!(faulty.iter().any(|guid| faulty.iter().filter(|it| *it == guid).count() == 2), "some come twice");
}

/// Takes any webhook whose signature is right.
struct Receiver(&'static str);

#[async_trait::async_trait]
impl Http for Receiver {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let signed = pointsman_tests::sign(self.0, request.body());
        let right = request.headers()["x-hub-signature-256"] == signed.as_str();
        Ok(Response::builder().status(if right { 202 } else { 401 }).body(Bytes::new()).unwrap())
    }
}

#[tokio::test]
async fn webhooks_are_signed_sent_and_told_in_the_apps_list() {
    let house = House::new();
    house.github.set_hook_url(house.app.id, "http://receiver.test/github");
    house.github.person("ada").commit(REPO, "main", "one", &[("a", Some("1"))]);
    let secret: &'static str = house.app.secret.clone().leak();
    assert_eq!(house.github.deliver(&Receiver(secret)).await, 2, "create and push");
    let app = house.client(&house.jwt());
    let (_, list) = app.at("GET", "/app/hook/deliveries", None).await;
    assert_eq!((&list[0]["event"], &list[0]["status_code"]), (&json!("push"), &json!(202)));
    let attempts = format!("/app/hook/deliveries/{}/attempts", list[0]["id"]);
    assert_eq!(app.at("POST", &attempts, None).await.0, 202);
    let again = house.github.take_deliveries();
    assert_eq!((again.len(), &json!(again[0].guid)), (1, &list[0]["guid"]), "the same delivery again");
}

#[tokio::test]
async fn it_is_reached_over_http_too() {
    use http_body_util::BodyExt as _;
    let house = House::new();
    house.github.person("ada").commit(REPO, "main", "one", &[("a", Some("1"))]);
    let server = pointsman_fake_github::serve(house.github.clone()).await.unwrap();
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get("/repos/acme/widgets/git/ref/heads/main").header("host", "localhost");
    let response =
        sender.send_request(request.body(http_body_util::Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let body: serde_json::Value =
        serde_json::from_slice(&response.collect().await.unwrap().to_bytes()).unwrap();
    let url = format!("http://{}/repos/acme/widgets/git/refs/heads/main", server.address);
    assert_eq!(body["url"], url);
    connection.abort();
}

#[tokio::test]
#[should_panic(expected = "query: `colour` is not a parameter")]
async fn a_request_that_the_document_does_not_know_fails_the_test() {
    House::new().client("").send("GET", "?colour=red", None).await;
}

#[tokio::test]
#[should_panic(expected = "request/body: 5 is not of type \"string\"")]
async fn a_body_that_the_document_does_not_allow_fails_the_test() {
    let house = House::new();
    let client = house.app().await;
    client.send("POST", "/issues", Some(json!({ "title": "t", "body": 5 }))).await;
}
