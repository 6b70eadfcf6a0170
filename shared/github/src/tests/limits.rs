//! Limits, however GitHub tells them: given back at once, never slept out.

use std::time::Duration;

use pointsman_core::port::ErrorKind;
use serde_json::json;

use super::script::{Answer, NOW, World, complaint, json as answer};
use crate::{Claim, RefName, Swap};

const REF: &str = "GET /repos/o/r/git/ref/heads/main";
const SECONDARY: &str =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

fn main() -> RefName {
    RefName::branch("main").unwrap()
}

async fn after(limit: Answer) -> Option<Duration> {
    let world = World::default();
    world.on(REF, limit);
    let error = world.repository().head(&main()).await.unwrap_err();
    assert_eq!(world.clock.told(), [] as [Duration; 0], "nothing sleeps");
    assert_eq!(world.script.lines().len(), 1, "nothing asks again");
    match error.kind {
        ErrorKind::Throttled { after } => after,
        other => panic!("{other:?}: {error}"),
    }
}

#[tokio::test]
async fn every_kind_of_limit_says_how_long_to_stay_away() {
    let spent = |answer: Answer| answer.with("x-ratelimit-remaining", "0");
    let reset = |answer: Answer| answer.with("x-ratelimit-reset", (NOW + 90).to_string());
    let exceeded = "API rate limit exceeded for installation ID 7.";
    let cases = [
        (complaint(429, "slow down").with("retry-after", "17"), 17),
        (complaint(403, "slow down").with("retry-after", "17"), 17),
        (complaint(429, "slow down").with("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT"), 31),
        (complaint(429, "slow down"), 60),
        (complaint(403, SECONDARY), 60),
        (complaint(403, "You have triggered an abuse detection mechanism."), 60),
        (reset(spent(complaint(403, exceeded))), 91),
        (reset(spent(complaint(429, exceeded))), 91),
        (reset(spent(complaint(403, exceeded))).with("retry-after", "5"), 5),
        (spent(complaint(403, exceeded)), 60),
        (reset(spent(complaint(403, "Forbidden"))), 91),
        // A reset in the past, or in a year: somebody's clock is wrong.
        (spent(complaint(403, exceeded)).with("x-ratelimit-reset", (NOW - 500).to_string()), 1),
        (spent(complaint(403, exceeded)).with("x-ratelimit-reset", (NOW + 40_000_000).to_string()), 3600),
        (complaint(429, "slow down").with("retry-after", "0"), 1),
    ];
    for (limit, seconds) in cases {
        let shown = format!("{limit:?}");
        assert_eq!(after(limit).await, Some(Duration::from_secs(seconds)), "{shown}");
    }
}

#[tokio::test]
async fn a_plain_403_is_no_limit() {
    let world = World::default();
    let refused = complaint(403, "Resource not accessible by integration")
        .with("x-ratelimit-remaining", "4999")
        .with("x-ratelimit-reset", (NOW + 90).to_string())
        .with("x-accepted-github-permissions", "contents=write");
    world.on("POST /repos/o/r/git/refs", refused);
    let error = world.repository().claim(&main(), &super::script::sha('a')).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(
        error.to_string(),
        "GitHub refuses POST /repos/o/r/git/refs (403); it needs the permission contents: write: grant it to the App: \
         Resource not accessible by integration"
    );
}

#[tokio::test]
async fn a_limit_in_the_middle_of_a_claim_is_no_claim() {
    let world = World::default();
    world.on("POST /repos/o/r/git/refs", complaint(403, SECONDARY));
    let claim: Result<Claim, _> = world.repository().claim(&main(), &super::script::sha('a')).await;
    assert!(matches!(claim.unwrap_err().kind, ErrorKind::Throttled { .. }));
}

#[tokio::test]
async fn graphql_tells_a_limit_in_an_answer_of_200() {
    let world = World::default();
    world.on("GET /repos/o/r", answer(200, json!({ "id": 1, "node_id": "R_1", "full_name": "o/r" })));
    let limited = json!({ "errors": [{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }] });
    world.on("POST /graphql", answer(200, limited).with("x-ratelimit-reset", (NOW + 9).to_string()));
    let swap: Result<Swap, _> = world.repository().swap(&main(), None, Some(&super::script::sha('a'))).await;
    assert_eq!(swap.unwrap_err().kind, ErrorKind::Throttled { after: Some(Duration::from_secs(10)) });
}
