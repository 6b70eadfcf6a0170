//! What was read before: ETags, and what never changes.

use std::time::Duration;

use pointsman_core::port::ErrorKind;
use serde_json::json;

use super::script::{Answer, NOW, World, complaint, json as answer, sha, text};
use crate::{RefName, Slug};

const REF: &str = "GET /repos/o/r/git/ref/heads/main";

fn main() -> RefName {
    RefName::branch("main").unwrap()
}

fn head(digit: char) -> Answer {
    answer(
        200,
        json!({ "ref": "refs/heads/main", "object": { "sha": sha(digit), "type": "commit" }, "url": "x" }),
    )
}

fn slug() -> Slug {
    "o/r".parse().unwrap()
}

#[tokio::test]
async fn what_has_not_changed_is_asked_for_by_its_etag_also_by_the_next_process() {
    let world = World::default();
    world.on(REF, head('a').with("etag", "W/\"1\""));
    world.on(REF, text(304, ""));
    let repository = world.repository();
    for _ in 0..2 {
        assert_eq!(repository.head(&main()).await.unwrap(), Some(sha('a')));
    }
    let next = world.restarted().installation(7).repository(slug());
    assert_eq!(next.head(&main()).await.unwrap(), Some(sha('a')));
    let etags: Vec<_> =
        world.script.asked().into_iter().filter(|it| it.line == REF).map(|it| it.etag).collect();
    assert_eq!(etags, [None, Some("W/\"1\"".to_owned()), Some("W/\"1\"".to_owned())]);

    let shelf = world.shelf.0.lock().unwrap();
    let (value, expires) = shelf.values().next().unwrap();
    assert_eq!(expires.unwrap().as_second(), NOW + 24 * 3600);
    assert!(!String::from_utf8_lossy(value).contains("url"), "only what is used is kept");
    assert!(crate::is_about_repository(value, "o/r") && crate::is_about_installation(value, 7));
}

#[tokio::test]
async fn what_has_changed_is_new() {
    let world = World::default();
    world.on(REF, head('a').with("etag", "\"1\""));
    world.on(REF, head('b').with("etag", "\"2\""));
    world.on(REF, text(304, ""));
    let repository = world.repository();
    for expected in ['a', 'b', 'b'] {
        assert_eq!(repository.head(&main()).await.unwrap(), Some(sha(expected)));
    }
    assert_eq!(world.script.asked()[3].etag.as_deref(), Some("\"2\""));
}

#[tokio::test]
async fn what_is_used_is_kept_for_another_day() {
    let world = World::default();
    world.on(REF, head('a').with("etag", "\"1\""));
    world.on(REF, text(304, ""));
    let repository = world.repository();
    repository.head(&main()).await.unwrap();
    world.clock.turn(Duration::from_secs(13 * 3600));
    repository.head(&main()).await.unwrap();
    let expires = world.shelf.0.lock().unwrap().values().next().unwrap().1.unwrap();
    assert_eq!(expires.as_second(), NOW + 37 * 3600);
}

#[tokio::test]
async fn what_one_installation_was_shown_another_one_asks_for_itself() {
    let world = World::default();
    world.on(REF, head('a').with("etag", "\"1\""));
    world.repository().head(&main()).await.unwrap();
    world.on("POST /app/installations/8/access_tokens", super::script::token("ghs_eight", 3600));
    let other = world.github.installation(8).repository(slug());
    other.head(&main()).await.unwrap();
    assert_eq!(world.script.asked().pop().unwrap().etag, None);
}

#[tokio::test]
async fn what_never_changes_is_asked_for_once_by_all_processes() {
    let world = World::default();
    let path = format!("GET /repos/o/r/git/commits/{}", sha('a'));
    world.on(&path, answer(200, json!({ "sha": sha('a'), "tree": { "sha": sha('b') }, "message": "m" })));
    let next = world.restarted().installation(7).repository(slug());
    for repository in [world.repository(), world.repository(), next] {
        assert_eq!(repository.git_commit(&sha('a')).await.unwrap().message, "m");
    }
    assert_eq!(world.script.lines(), [path]);
}

#[tokio::test]
async fn a_missing_file_is_asked_for_once_by_a_process_and_again_by_the_next() {
    let world = World::default();
    let path = "GET /repos/o/r/contents/.github/pointsman.yaml";
    world.on(path, complaint(404, "Not Found"));
    let next = world.restarted().installation(7).repository(slug());
    for repository in [world.repository(), world.repository(), next] {
        assert_eq!(repository.text(".github/pointsman.yaml", &sha('a'), 1000).await.unwrap(), None);
    }
    assert_eq!(world.script.lines().len(), 2);
    assert!(world.shelf.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_commit_that_is_not_visible_yet_is_no_missing_file() {
    let world = World::default();
    let told = format!("No commit found for the ref {}", sha('a'));
    world.on("GET /repos/o/r/contents/a", complaint(404, &told));
    world.on("GET /repos/o/r/contents/a", text(200, "there"));
    let repository = world.repository();
    let error = repository.text("a", &sha('a'), 1000).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(repository.text("a", &sha('a'), 1000).await.unwrap().as_deref(), Some("there"));
}

#[tokio::test]
async fn what_is_long_is_kept_in_memory_alone() {
    let world = World::default();
    world.on("GET /repos/o/r/contents/long", text(200, &"x".repeat(100_000)));
    let next = world.restarted().installation(7).repository(slug());
    for repository in [world.repository(), world.repository(), next] {
        assert_eq!(repository.text("long", &sha('a'), 1_000_000).await.unwrap().unwrap().len(), 100_000);
    }
    assert_eq!(world.script.lines().len(), 2);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_costs_a_request_and_no_more() {
    let world = World::default();
    world.on(REF, head('a').with("etag", "\"1\""));
    world.repository().head(&main()).await.unwrap();
    for (value, _) in world.shelf.0.lock().unwrap().values_mut() {
        *value = "{\"body\":7,\"written\":\"2027-01-15T08:00:00Z\"}".into();
    }
    let next = world.restarted().installation(7).repository(slug());
    assert_eq!(next.head(&main()).await.unwrap(), Some(sha('a')));
    assert_eq!(world.script.asked().pop().unwrap().etag, None);
}
