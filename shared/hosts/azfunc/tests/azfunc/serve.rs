//! The host on its port: forwarded webhooks, calls, and a stop in order.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::{
    outcome::Outcome,
    pipeline::{Accepted, Request},
};
use pointsman_host_azfunc::{Calls, Failure, Fault, Host};
use pointsman_tests::http::{self, Answer};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
};

use crate::support::TokioClock;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    seen: Arc<Mutex<Vec<Request>>>,
}

async fn start(calls: Calls) -> Running {
    let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
    let noted = seen.clone();
    let stage = move |request: Request| {
        noted.lock().unwrap().push(request);
        let (id, session) = ("72d3162e".to_owned(), "acme/web/issue/7".to_owned());
        async {
            Outcome::Done(Accepted {
                id,
                session,
                subscriptions: Vec::new(),
                duplicate: false,
                traceparent: String::new(),
            })
        }
    };
    let host = Host::bind(0, calls, "intake", &[], stage).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let address = host.local_addr();
    let serving = tokio::spawn(host.serve(async move {
        let _ = stopped.await;
    }));
    Running { address, stop, serving, seen }
}

async fn ask(
    method: &'static str,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let url = format!("http://{address}{path}");
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = body.to_vec();
    let asked = spawn_blocking(move || {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        http::request(method, &url, &headers, &body)
    });
    asked.await.unwrap().unwrap()
}

#[tokio::test]
async fn the_port_answers_and_webhooks_are_forwarded_as_they_were_sent() {
    let running = start(Calls::new(TokioClock::new())).await;
    assert_eq!(ask("GET", running.address, "/", &[], b"").await.status, 200);
    let headers = [("X-Hub-Signature-256", "sha256=x"), ("x-forwarded-for", "6.6.6.6, 140.82.115.10:4242")];
    let body = b"payload=%7B%7D\xff\x00";
    assert_eq!(ask("POST", running.address, "/webhooks/github", &headers, body).await.status, 202);
    let request = running.seen.lock().unwrap().remove(0);
    assert_eq!((&*request.source, &request.body[..]), ("github", &body[..]));
    assert_eq!(request.headers.get("x-hub-signature-256"), Some("sha256=x"));
    assert_eq!(request.peer.to_string(), "140.82.115.10", "whom the front end names");
}

#[tokio::test]
async fn a_call_is_a_post_to_the_functions_name() {
    let calls =
        Calls::new(TokioClock::new()).on("recover", |call| async move { Ok(json!({ "done": call.name })) });
    let running = start(calls).await;
    let told = ask("POST", running.address, "/recover", &[], br#"{"Data":{},"Metadata":{}}"#).await;
    let body: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        (told.status, &body),
        (200, &json!({ "Outputs": {}, "Logs": ["{\"done\":\"recover\"}"], "ReturnValue": null }))
    );
    assert_eq!(ask("GET", running.address, "/recover", &[], b"").await.status, 405);
    assert_eq!(ask("POST", running.address, "/nothing", &[], b"{}").await.status, 404);
}

#[tokio::test]
async fn a_stop_finishes_what_runs_cuts_waits_short_and_takes_nothing_new() {
    let (begins, mut begun) = mpsc::unbounded_channel();
    let (fails, finish) = (begins.clone(), Arc::new(Notify::new()));
    let finishes = finish.clone();
    let calls = Calls::new(TokioClock::new())
        .on("slow", move |_| {
            let (begins, finish) = (begins.clone(), finishes.clone());
            async move {
                begins.send(()).unwrap();
                finish.notified().await;
                Ok(json!({}))
            }
        })
        .on("failing", move |_| {
            fails.send(()).unwrap();
            let fault = Fault::new("Returned", "later");
            async { Err(Failure { fault, after: Some(Duration::from_secs(30)) }) }
        });
    let Running { address, stop, serving, .. } = start(calls).await;
    let slow = tokio::spawn(async move { ask("POST", address, "/slow", &[], b"{}").await.status });
    let failing = tokio::spawn(async move { ask("POST", address, "/failing", &[], b"{}").await.status });
    // The failing call waits by then, or will find the stop at once.
    for _ in 0..2 {
        begun.recv().await.unwrap();
    }
    stop.send(()).unwrap();
    let told = tokio::time::timeout(Duration::from_secs(10), failing).await;
    assert_eq!(told.expect("a stop ends the wait").unwrap(), 500);
    finish.notify_one();
    assert_eq!(slow.await.unwrap(), 200);
    serving.await.unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}
