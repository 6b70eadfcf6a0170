//! A disk that is full: the sender is asked to come again, `/ready` tells, and when there is space the server goes on
//! without a restart. The kernel plays the disk: no file may grow beyond what it has (RLIMIT_FSIZE).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use jiff::Timestamp;
use pointsman_tests::{delivery_id, http, http::Answer, server::Server, sign};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

fn deliver(server: &Server, nth: u32) -> Answer {
    let body = format!(r#"{{"ref":"refs/heads/main","n":{nth},"noise":"{}"}}"#, noise(nth)).into_bytes();
    let (id, signature) = (delivery_id(Timestamp::now(), nth), sign(&server.secret, &body));
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", id.as_str()),
        ("x-hub-signature-256", &signature),
    ];
    http::post(&format!("{}/webhooks/github", server.url), &headers, &body).unwrap()
}

/// Does not compress.
fn noise(seed: u32) -> String {
    let mut random = fastrand::Rng::with_seed(seed.into());
    (0..20_000).map(|_| random.alphanumeric()).collect()
}

fn limit(server: &Server, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(server.pid).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn ready(server: &Server) -> u16 {
    http::get(&format!("{}/ready", server.url)).unwrap().status
}

#[test]
fn a_full_disk_costs_nothing_that_was_answered_and_heals_without_a_restart() {
    let server = Server::start_shielded(&[]);
    assert_eq!(deliver(&server, 0).status, 202);
    let largest =
        fs::read_dir(&server.data).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).max().unwrap();
    limit(&server, Some(largest + 100_000));

    let mut taken = 1;
    let refused = loop {
        let answer = deliver(&server, taken);
        if answer.status != 202 {
            break answer;
        }
        taken += 1;
        assert!(taken < 1_000, "the disk never fills");
    };
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    assert_eq!(ready(&server), 503);
    assert_eq!(http::get(&format!("{}/health", server.url)).unwrap().status, 200, "the process is well");

    limit(&server, None);
    assert_eq!(ready(&server), 200);
    assert_eq!(deliver(&server, taken).status, 202);
    let metrics = http::get(&format!("{}/metrics", server.url)).unwrap().text();
    let depth = format!("pointsman_queue_depth{{queue=\"all\"}} {}", taken + 1);
    assert!(metrics.contains(&depth), "{depth} is missing in\n{metrics}");
    server.stop();
}
