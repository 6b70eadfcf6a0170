//! Killed at a random moment under load, twenty times over: what was answered is there, in order, and once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use jiff::Timestamp;
use pointsman_tests::{
    delivery_id, http,
    server::{self, Server},
    sign,
};
use serde_json::Value;

const ROUNDS: u64 = 20;
const SENDERS: u32 = 4;
/// Each sender has its own, so that the order within a session is known: a sender waits for each answer.
const SESSIONS: u32 = 3;

/// What one sender was answered 202 for: session and id, in order.
type Answered = Vec<(String, String)>;

fn payload(session: &str) -> Vec<u8> {
    let filler = "x".repeat(2_000);
    format!(r#"{{"ref":"refs/heads/{session}","repository":{{"full_name":"acme/web"}},"filler":"{filler}"}}"#)
        .into_bytes()
}

fn deliver(url: &str, secret: &str, session: &str, id: &str) -> Option<Value> {
    let body = payload(session);
    let signature = sign(secret, &body);
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", id),
        ("x-hub-signature-256", &signature),
    ];
    let answer = http::post(&format!("{url}/webhooks/github"), &headers, &body).ok()?;
    (answer.status == 202).then(|| serde_json::from_slice(&answer.body).expect("an answer is JSON"))
}

/// One round: load, and SIGKILL once so many were answered.
fn round(data: &Path, nth: u64, answered: &mut Answered) {
    let server = Server::start_in(data, &[]);
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let limit = (fastrand::Rng::with_seed(nth).usize(1..300), Arc::new(Mutex::new(Vec::new())));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (url, secret) = (server.url.clone(), server.secret.clone());
            let (over, count, all) = (Arc::clone(&over), Arc::clone(&count), Arc::clone(&limit.1));
            thread::spawn(move || {
                for n in 0.. {
                    let session = format!("s{sender}-{}", n % SESSIONS);
                    let id = delivery_id(Timestamp::now(), nth as u32 * 1_000_000 + sender * 100_000 + n);
                    if over.load(Ordering::Relaxed) || deliver(&url, &secret, &session, &id).is_none() {
                        break;
                    }
                    all.lock().expect("no sender panics holding it").push((session, id));
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while count.load(Ordering::Relaxed) < limit.0 {
        assert!(
            !senders.iter().all(thread::JoinHandle::is_finished),
            "the server refuses. It says:\n{}",
            server.log()
        );
        thread::yield_now();
    }
    server.kill();
    over.store(true, Ordering::Relaxed);
    senders.into_iter().for_each(|sender| sender.join().expect("a sender ends"));
    answered.append(&mut limit.1.lock().expect("no sender panics holding it"));
}

#[test]
fn what_was_answered_survives_sigkill_in_order_and_a_redelivery_is_enqueued_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut answered = Answered::new();
    for nth in 0..ROUNDS {
        round(folder.path(), nth, &mut answered);
    }
    assert!(answered.len() > 500, "under load: {} answered", answered.len());

    let server = Server::start_in(folder.path(), &[]);
    for (session, id) in &answered {
        let told = deliver(&server.url, &server.secret, session, id).expect("a redelivery is taken");
        assert_eq!(told["duplicate"], true, "{id} was lost: it was answered before and is new now");
    }
    let received = received(folder.path());
    server.stop();

    let mut once = HashSet::new();
    let mut by_session: HashMap<&str, Vec<&str>> = HashMap::new();
    for (session, id) in &received {
        assert!(once.insert(id), "{id} was enqueued twice");
        by_session.entry(session).or_default().push(id);
    }
    let mut wanted: HashMap<String, Vec<&str>> = HashMap::new();
    for (session, id) in &answered {
        wanted.entry(format!("acme/web/branch/{session}")).or_default().push(id);
    }
    for (session, ids) in wanted {
        // What was stored but not answered may stand between.
        let mut there = by_session.get(session.as_str()).into_iter().flatten();
        for id in ids {
            assert!(there.any(|received| *received == id), "{id} is missing in {session}, or out of order");
        }
    }
}

/// Session and id of everything in the queue, in order of reception.
fn received(data: &Path) -> Vec<(String, String)> {
    let output =
        Command::new(server::binary()).args(["receive", "all", "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|event: Value| (text(&event, "session"), text(&event, "id")))
        .collect()
}
