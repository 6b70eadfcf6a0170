//! The fixtures are what the scenarios take them for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pointsman_core::delivery::DeliveryId;
use pointsman_tests::{delivery_id, fixtures, sign};
use serde_json::Value;

fn json(name: &str) -> Value {
    serde_json::from_slice(&fixtures::named(name).bytes).expect("fixtures are JSON")
}

#[test]
fn the_examples_are_all_there() {
    let events: BTreeSet<String> = fixtures::github().map(|payload| payload.event).collect();
    assert_eq!((fixtures::github().count(), events.len()), (329, 58));
}

#[test]
fn each_payload_is_one_json_object() {
    for payload in fixtures::github().chain(fixtures::derived()) {
        // Lone surrogates are no text to a strict reader, but JSON all the same.
        let value: Result<&serde_json::value::RawValue, _> = serde_json::from_slice(&payload.bytes);
        assert!(value.is_ok_and(|value| value.get().starts_with('{')), "{}/{}", payload.event, payload.name);
    }
}

#[test]
fn a_derived_payload_is_what_its_name_says() {
    let merged = &json("pull_request/closed-merged")["pull_request"];
    assert!(
        merged["merged"] == true && merged["merge_commit_sha"].is_string() && merged["merged_at"].is_string()
    );
    assert!(json("issue_comment/on-pull-request")["issue"]["pull_request"].is_object());
    for name in ["organization/member-added", "membership/added", "team/created-without-repository"] {
        assert!(json(name)["repository"].is_null(), "{name}");
    }
    for event in ["check_suite", "workflow_run"] {
        let pulls =
            |name: &str| json(&format!("{event}/{name}"))[event]["pull_requests"].as_array().unwrap().len();
        assert_eq!(
            (pulls("one-pull-request"), pulls("two-pull-requests"), pulls("no-pull-request")),
            (1, 2, 0)
        );
        assert!(json(&format!("{event}/no-pull-request-no-branch"))[event]["head_branch"].is_null());
        let one = json(&format!("{event}/one-pull-request"));
        let base = &one[event]["pull_requests"][0]["base"]["repo"];
        assert_eq!((&base["id"], &base["url"]), (&one["repository"]["id"], &one["repository"]["url"]));
    }
    assert_eq!(json("push/tag")["ref"], "refs/tags/v1.2.3");
    assert_eq!(json("issues/text-nul-escape")["issue"]["title"], "before\0after");
    let surrogates = fixtures::named("issues/text-lone-surrogates").bytes;
    assert!(surrogates.windows(6).any(|window| window == b"\\ud800"));
}

#[test]
fn what_is_made_on_the_spot_is_as_large_as_asked() {
    let push = fixtures::large_push(5_000_000);
    assert!(push.bytes.len() > 5_000_000 && push.bytes.len() < 6_000_000);
    let form = fixtures::form_encoded(b"{\"a\": \"\xc3\xa9&\"}");
    assert_eq!(form, b"payload=%7B%22a%22%3A+%22%C3%A9%26%22%7D");
}

/// The example of GitHub's own documentation.
#[test]
fn a_signature_is_github_s() {
    let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(sign("It's a Secret to Everybody", b"Hello, World!"), expected);
}

#[test]
fn a_delivery_id_carries_its_time_and_is_unlike_its_neighbours() {
    let time: Timestamp = "2026-05-04T03:02:01.5Z".parse().unwrap();
    let ids: BTreeSet<String> = (0..40_000).map(|nth| delivery_id(time, nth)).collect();
    assert_eq!(ids.len(), 40_000);
    assert!(ids.into_iter().all(|id| DeliveryId(id).time() == Some(time)));
}
