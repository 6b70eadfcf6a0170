//! What is tried again, and what is not; the pace of writes.

use std::time::Duration;

use pointsman_core::{
    port::ErrorKind,
    trace::{Trace, within},
};
use serde_json::json;

use super::script::{KEY, MADE, World, app, complaint, json as answer, nothing, sha, token};
use crate::{Claim, NewPull, Opened, Pace, RefName};

const REF: &str = "GET /repos/o/r/git/ref/heads/main";
const REFS: &str = "POST /repos/o/r/git/refs";

fn main() -> RefName {
    RefName::branch("main").unwrap()
}

fn head(digit: char) -> super::script::Answer {
    answer(200, json!({ "ref": "refs/heads/main", "object": { "sha": sha(digit), "type": "commit" } }))
}

#[tokio::test]
async fn a_read_is_tried_again_when_the_server_is_in_trouble() {
    for trouble in [complaint(502, "Server Error"), complaint(503, ""), nothing()] {
        let world = World::default();
        world.on(REF, trouble.clone());
        world.on(REF, trouble);
        world.on(REF, head('a'));
        assert_eq!(world.repository().head(&main()).await.unwrap(), Some(sha('a')));
        assert_eq!(world.script.lines().len(), 3);
    }
}

#[tokio::test]
async fn a_read_is_not_tried_for_ever() {
    for trouble in [complaint(502, "Server Error"), nothing()] {
        let world = World::of(app(KEY), Pace::default());
        world.on(MADE, token("ghs_one", 3600));
        world.on(REF, trouble);
        let error = world.repository().head(&main()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(world.script.lines().len(), 3);
        assert_eq!(world.clock.told(), [Duration::from_millis(100), Duration::from_millis(200)]);
    }
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    for (status, kind) in [(400, ErrorKind::Invalid), (403, ErrorKind::Denied), (422, ErrorKind::Invalid)] {
        let world = World::default();
        world.on(REF, complaint(status, "no"));
        assert_eq!(world.repository().head(&main()).await.unwrap_err().kind, kind);
        assert_eq!(world.script.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_claim_without_an_answer_is_looked_up_and_not_sent_twice() {
    for (found, expected) in [
        (head('a'), Some(Claim::Same)),
        (head('b'), Some(Claim::Taken(sha('b')))),
        (complaint(404, "Not Found"), None),
    ] {
        for lost in [nothing(), complaint(502, "Server Error")] {
            let world = World::default();
            world.on(REFS, lost);
            world.on(REF, found.clone());
            let claim = world.repository().claim(&main(), &sha('a')).await;
            assert_eq!(claim.as_ref().ok(), expected.as_ref());
            assert!(claim.is_ok() || claim.unwrap_err().kind == ErrorKind::Unavailable);
            assert_eq!(world.script.lines(), [REFS, REF]);
        }
    }
}

#[tokio::test]
async fn a_pull_request_whose_opening_was_not_answered_is_found() {
    let world = World::default();
    world.on("POST /repos/o/r/pulls", nothing());
    let end = |branch: &str| json!({ "ref": branch, "sha": sha('a'), "repo": { "full_name": "O/R" } });
    let there = json!([{ "number": 5, "state": "open", "head": end("x"), "base": end("main") }]);
    world.on("GET /repos/o/r/pulls", answer(200, there));
    let new =
        NewPull { head: "x".into(), base: "main".into(), title: "t".into(), body: "b".into(), draft: false };
    match world.repository().open_pull(&new).await.unwrap() {
        Opened::There(pull) => assert_eq!(pull.number, 5),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.script.lines().len(), 2);
}

#[tokio::test]
async fn between_two_writes_of_a_pass_lies_a_second_and_before_a_read_none() {
    let world = World::of(app(KEY), Pace::default());
    world.on(MADE, token("ghs_one", 3600));
    world.on(REFS, answer(201, json!({})));
    world.on(REF, head('a'));
    let repository = world.repository();
    repository.claim(&main(), &sha('a')).await.unwrap();
    repository.head(&main()).await.unwrap();
    assert_eq!(world.clock.told(), [] as [Duration; 0]);
    world.clock.turn(Duration::from_millis(300));
    repository.claim(&main(), &sha('a')).await.unwrap();
    assert_eq!(world.clock.told(), [Duration::from_millis(700)]);
    world.clock.turn(Duration::from_secs(5));
    repository.claim(&main(), &sha('a')).await.unwrap();
    assert_eq!(world.clock.told().len(), 1);
    world.repository().claim(&main(), &sha('a')).await.unwrap();
    assert_eq!(world.clock.told().len(), 1, "another pass");
}

#[tokio::test]
async fn a_request_is_of_the_trace_of_the_work_that_asks() {
    let world = World::default();
    world.on(REF, head('a'));
    let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    within(Trace::parse(sent), world.repository().head(&main())).await.unwrap();
    world.repository().head(&main()).await.unwrap();
    let asked = world.script.asked();
    let of_ref = asked.iter().filter(|asked| asked.line == REF);
    let traces: Vec<_> = of_ref.map(|asked| asked.headers.get("traceparent")).collect();
    assert_eq!(traces, [Some(&sent.parse().unwrap()), None]);
}
