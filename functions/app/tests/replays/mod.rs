//! Replays as a user asks for them: on the command line, and at `/admin/replays` of a running server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    thread,
    time::{Duration, Instant},
};

use pointsman_tests::http::{self, Answer};
use serde_json::Value;

use crate::{
    both,
    house::{House, ISSUE, PUSH, plain},
};

const MINUTE: Duration = Duration::from_secs(60);
const PUSHED: &str = "22222222-2222-4222-8222-222222222222";

fn drain(house: &House) -> Vec<Value> {
    let lines = house.ok(&["receive", "all"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_dry_run_shows_what_apply_then_sends_once() {
    both(|house| {
        drain(house);
        let text = plain(&house.ok(&["replay", "--event", "push"]));
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("received (UTC)"), "{text}");
        let row = lines.next().unwrap();
        assert!(
            row.contains("com.github.push") && row.contains(PUSHED) && row.contains("all (had it "),
            "{text}"
        );
        let rest: Vec<&str> = lines.collect();
        assert_eq!(
            rest,
            [
                "",
                "would go to  deliveries  had before",
                "all                   1           1",
                "",
                "2 looked at, 1 wanted; nothing was sent, this was a dry run",
                "to send them  pointsman replay --apply --event push --data data",
            ]
        );
        assert!(drain(house).is_empty(), "nothing was sent");
        let told = plain(&house.ok(&["replay", "--event", "push", "--apply", "--id", "a"]));
        assert!(told.ends_with("\nreplay a is done: 2 looked at, 1 wanted, 1 messages sent\n"), "{told}");
        let events = drain(house);
        assert_eq!((events.len(), &events[0]["cause"]), (1, &"replayed".into()));
        let again = plain(&house.ok(&["replay", "--event", "push", "--apply", "--id", "a"]));
        assert!(
            again.starts_with("replay a was done at ") && again.ends_with(": nothing was sent\n"),
            "{again}"
        );
        assert!(drain(house).is_empty());
        let rows = house.json(&["replay", "list"]);
        assert_eq!((&rows[0]["order"]["id"], &rows[0]["state"]), (&"a".into(), &"done".into()));
        let status = plain(&house.ok(&["replay", "status", "a"]));
        assert!(status.contains("so far     2 looked at, 1 wanted, 1 messages sent\n"), "{status}");
    });
}

#[test]
fn a_dry_run_in_json_is_one_document() {
    both(|house| {
        let told = house.json(&["replay", "--repo", "acme/*"]);
        assert_eq!(told["deliveries"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&told["counts"]["matched"], &told["subscriptions"]["all"]["had"]),
            (&2.into(), &2.into())
        );
        let nothing = house.json(&["replay", "--repo", "other/*"]);
        assert_eq!(
            (&nothing["deliveries"], &nothing["counts"]["looked"]),
            (&Value::Array(Vec::new()), &2.into())
        );
    });
}

#[test]
fn what_is_asked_for_wrongly_is_told_with_what_to_do() {
    both(|house| {
        let nothing = house.fails(&["replay", "--apply"], 1);
        assert_eq!(
            plain(&nothing),
            "error: nothing says what to replay: name it by --delivery, --dead-letters, --session, --since, --until, \
             --source, --event, --repo or --when (everything there is: --event '*')\n"
        );
        let unknown = house.fails(&["replay", "--event", "*", "--to", "bot"], 1);
        assert_eq!(plain(&unknown), "error: there is no subscription `bot`; known are: all\n");
        let none = house.fails(&["replay", "status", "b"], 1);
        assert_eq!(plain(&none), "error: there is no replay `b`, or its record was forgotten since\n");
        house.ok(&["replay", "--event", "push", "--apply", "--id", "a"]);
        let unlike = house.fails(&["replay", "--event", "*", "--apply", "--id", "a"], 1);
        assert_eq!(
            plain(&unlike),
            "error: replay `a` was asked for before, and for something else: take another id\n"
        );
    });
}

#[test]
fn a_stop_is_clean_and_says_how_to_go_on() {
    let house = House::start("");
    for n in 0..5 {
        house.send(ISSUE, "issues", &format!("11111111-1111-4111-8111-11111111111{n}"));
    }
    drain(&house);
    let mut running = house.listen(&["replay", "--event", "*", "--apply", "--id", "a", "--rate", "1"]);
    running.says(
        "replay a; if it is broken off, this goes on: pointsman replay --apply --id a --data data",
        MINUTE,
    );
    until(|| house.json(&["replay", "status", "a"])["counts"]["sent"] != 0);
    assert_eq!(running.terminate(MINUTE), Some(1));
    let stopped = house.json(&["replay", "status", "a"]);
    assert_eq!(stopped["state"], "stopped");
    let sent = stopped["counts"]["sent"].as_u64().unwrap();
    assert!((1..5).contains(&sent), "{stopped}");
    let told = plain(&house.ok(&["replay", "--apply", "--id", "a", "--rate", "0"]));
    assert!(told.ends_with("replay a is done: 5 looked at, 5 wanted, 5 messages sent\n"), "{told}");
    assert_eq!(drain(&house).len(), 5);
}

/// Waits for it.
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + MINUTE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not come to that");
        thread::sleep(Duration::from_millis(20));
    }
}

fn ask(house: &House, method: &str, path: &str, token: &str, body: &str) -> (Answer, Value) {
    let url = house.url().replace("/webhooks/github", path);
    let authorization = format!("Bearer {token}");
    let shown = [("authorization", authorization.as_str())];
    let headers: &[(&str, &str)] = if token.is_empty() { &[] } else { &shown };
    let answer = http::request(method, &url, headers, body.as_bytes()).unwrap();
    let value = serde_json::from_str(&answer.text()).unwrap();
    (answer, value)
}

fn config(admin: &str) -> String {
    format!(
        "sources: {{ github: {{ secrets: ['literal:s'] }} }}\nsubscriptions: [{{ name: all, events: ['*'] }}]\n{admin}"
    )
}

#[test]
fn without_a_token_in_the_configuration_there_are_no_admin_routes_and_with_it_they_come_at_once() {
    let mut house = House::start(&config(""));
    assert_eq!(ask(&house, "GET", "/admin/replays", "t", "").0.status, 404);
    house.configure(&config("admin: { token: 'file:token' }"));
    house.log_says("cannot be used", MINUTE);
    assert_eq!(
        ask(&house, "GET", "/admin/replays", "t", "").0.status,
        404,
        "there is no such file: it stays as it was"
    );
    house.file("token", "t\n");
    house.configure(&config("admin: { token: 'file:token' }\n# again"));
    until(|| ask(&house, "GET", "/admin/replays", "t", "").0.status == 200);
    house.file("token", "other\n");
    let (answer, problem) = ask(&house, "GET", "/admin/replays", "t", "");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer realm=\"pointsman\"")));
    assert_eq!(problem["title"], "Unauthorized");
    assert_eq!(ask(&house, "GET", "/admin/replays", "other", "").1, serde_json::json!({"replays": []}));
}

#[test]
fn a_replay_is_asked_for_looked_at_and_stopped_over_http() {
    let house = House::start(&config("admin: { token: 'literal:t' }"));
    for n in 0..5 {
        house.send_with("s", PUSH, "push", &format!("22222222-2222-4222-8222-22222222222{n}"));
    }
    drain(&house);
    assert_eq!(ask(&house, "POST", "/admin/replays", "", "{}").0.status, 401);
    let (answer, problem) =
        ask(&house, "POST", "/admin/replays", "t", r#"{"since":"x","evnets":[],"apply":true}"#);
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/problem+json")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("`since` cannot be read") && detail.contains("\n`evnets` is unknown"),
        "{detail}"
    );

    let fast = r#"{"id":"fast","events":["push"],"rate":0,"apply":true}"#;
    let (answer, told) = ask(&house, "POST", "/admin/replays", "t", fast);
    assert_eq!(answer.status, 202, "{told}");
    assert_eq!(
        told,
        serde_json::json!({"id": "fast", "state": "queued", "apply": true, "look": "/admin/replays/fast"})
    );
    until(|| ask(&house, "GET", "/admin/replays/fast", "t", "").1["state"] == "done");
    assert_eq!(drain(&house).len(), 5);
    assert_eq!(ask(&house, "POST", "/admin/replays", "t", fast).1["state"], "done", "an id is sent once");
    assert!(drain(&house).is_empty());

    let slow = r#"{"id":"slow","events":["push"],"rate":1,"apply":true}"#;
    assert_eq!(ask(&house, "POST", "/admin/replays", "t", slow).0.status, 202);
    until(|| ask(&house, "GET", "/admin/replays/slow", "t", "").1["state"] == "running");
    let (answer, problem) = ask(&house, "POST", "/admin/replays", "t", &fast.replace("fast", "more"));
    assert_eq!(answer.status, 409);
    assert!(
        problem["detail"].as_str().unwrap().starts_with("replay slow by pointsman serve (process "),
        "{problem}"
    );
    assert_eq!(ask(&house, "DELETE", "/admin/replays/slow", "t", "").1["state"], "stopped");
    let all = ask(&house, "GET", "/admin/replays", "t", "").1;
    assert_eq!(
        (&all["replays"][0]["order"]["id"], all["replays"].as_array().unwrap().len()),
        (&"slow".into(), 2)
    );
    for (method, path, status) in [
        ("DELETE", "/admin/replays/fast", 409),
        ("GET", "/admin/replays/none", 404),
        ("PUT", "/admin/replays/fast", 405),
        ("GET", "/admin/other", 404),
    ] {
        assert_eq!(ask(&house, method, path, "t", "").0.status, status, "{method} {path}");
    }
}
