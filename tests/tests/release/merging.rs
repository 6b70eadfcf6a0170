//! How a release pull request may be merged, what becomes of an outdated one, and what stops a publication.

use pointsman_core::outcome::Outcome;
use pointsman_fake_github::{Fault, When};
use pointsman_release_orchestrator::Move;

use crate::house::{House, REPO, Told, moved};

async fn with_release() -> (House, u64) {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let pull = house.release_pull()["number"].as_u64().unwrap();
    (house, pull)
}

impl House {
    fn merge_as(&self, pull: u64, method: &str) -> String {
        self.clock.turn(std::time::Duration::from_secs(1));
        self.github.person("alice").merge(REPO, pull, method).to_string()
    }

    fn notes(&self, tag: &str) -> String {
        let releases = self.snapshot()["releases"].as_array().unwrap().clone();
        let of_tag = releases.iter().find(|release| release["tag_name"] == tag).unwrap();
        of_tag["body"].as_str().unwrap().to_owned()
    }

    /// What is sent as `make_latest`, in the order of the publications.
    fn latest(&self) -> impl Fn() -> Vec<String> + use<> {
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = told.clone();
        self.github.on_exchange(move |exchange| {
            let body: serde_json::Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
            let latest = body["make_latest"].as_str().map(str::to_owned);
            seen.lock().unwrap().extend(latest);
            pointsman_tests::openapi::judge(exchange)
        });
        move || told.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_release_is_published_at_its_merge_however_it_was_merged() {
    for method in ["merge", "squash", "rebase"] {
        let (mut house, pull) = with_release().await;
        let merge = house.merge_as(pull, method);
        house.settle().await;
        assert_eq!(house.releases(), ["v0.1.0"], "{method}");
        let tag = house.github.reference(REPO, "refs/tags/v0.1.0").unwrap();
        assert_eq!(tag.as_str(), merge, "{method}");
        let notes = house.notes("v0.1.0");
        assert!(notes.contains("* greet") && !notes.contains("release 0.1.0 ("), "{method}: {notes}");
        assert_eq!(house.last(), moved(Move::Nothing), "{method}: the release itself is no change");
        house.feature(2, "fix: greet twice");
        house.settle().await;
        assert_eq!(house.release_pull()["title"], "chore(main): release 0.1.1", "{method}");
    }
}

#[tokio::test]
async fn an_outdated_one_releases_what_was_merged_before_it_in_its_version() {
    for method in ["merge", "squash", "rebase"] {
        let (mut house, pull) = with_release().await;
        // Merged before the orchestrator saw the feature.
        house.feature(2, "feat: greet twice");
        house.merge_as(pull, method);
        house.settle().await;
        assert_eq!(house.tags(), ["v0.1.0"], "{method}");
        assert!(house.notes("v0.1.0").contains("* greet twice"), "{method}: {}", house.notes("v0.1.0"));
        assert!(house.open().is_empty(), "{method}");
        house.feature(3, "feat: greet thrice");
        house.settle().await;
        let body = house.release_pull()["body"].as_str().unwrap().to_owned();
        assert!(body.contains("greet thrice") && !body.contains("* greet twice"), "{method}: {body}");
    }
}

#[tokio::test]
async fn only_the_highest_version_is_made_the_latest() {
    let mut house = House::new().await;
    let settings = "release: { targets: [{ branch: main }, { branch: release/* }] }\n";
    house.push("chore: settings", &[(".github/pointsman.yaml", Some(settings))]);
    house.feature(1, "feat: greet");
    house.settle().await;
    let latest = house.latest();
    house.merge_release();
    house.settle().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "release/0.1.x", "chore: line", &[("line", Some("a"))]);
    house.push("feat: greet loudly", &[("b", Some("b"))]);
    house.settle().await;
    house.merge_release();
    house.settle().await;
    house.github.person("alice").commit(REPO, "release/0.1.x", "fix: softly", &[("a", Some("a"))]);
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(release/0.1.x): release 0.1.1");
    house.merge_release();
    house.settle().await;
    assert_eq!(house.tags(), ["v0.1.0", "v0.1.1", "v0.2.0"]);
    assert_eq!(latest(), ["true", "true", "false"]);
}

#[tokio::test]
async fn a_server_without_graphql_moves_its_branch_between_two_reads() {
    let (mut house, pull) = with_release().await;
    house.github.on_request(|moment| {
        let graphql = moment.when == When::Before && moment.operation == "POST /graphql";
        graphql.then_some(Fault::Refused(404, "Not Found"))
    });
    house.github.reset_requests();
    house.feature(2, "feat: greet twice");
    house.settle().await;
    assert_eq!(house.last(), moved(Move::Move));
    let asked = house.github.requests();
    assert_eq!(asked.get("PATCH /repos/{owner}/{repo}/git/refs/{ref}"), Some(&1), "{asked:?}");
    assert!(house.release_pull()["body"].as_str().unwrap().contains("* greet twice"));
    house.merge_as(pull, "squash");
    house.settle().await;
    assert_eq!(house.releases(), ["v0.1.0"]);
    assert_eq!(house.github.reference(REPO, "refs/heads/pointsman--release--main"), None);
}

#[tokio::test]
async fn a_protected_tag_is_told_once_and_the_release_made_once_the_app_may() {
    let (mut house, pull) = with_release().await;
    house.github.on_request(|moment| {
        let claim = moment.when == When::Before && moment.operation == "POST /repos/{owner}/{repo}/git/refs";
        claim.then_some(Fault::Refused(
            422,
            "Repository rule violations found: Cannot create ref due to creations being restricted.",
        ))
    });
    house.merge_as(pull, "merge");
    house.settle().await;
    house.look_again("the hour is over").await;
    let comments = house.comments(pull);
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].starts_with("The tag `v0.1.0` could not be made at "), "{comments:?}");
    assert!(comments[0].contains("let the App bypass the rule"), "{comments:?}");
    house.github.on_request(|_| None);
    house.clock.turn(std::time::Duration::from_secs(3600));
    house.look_again("another hour is over").await;
    assert_eq!(house.releases(), ["v0.1.0"]);
}

#[tokio::test]
async fn a_version_that_is_not_above_the_last_release_is_told_and_not_tagged() {
    let (mut house, pull) = with_release().await;
    let begin = house.github.reference(REPO, "refs/heads/main").unwrap();
    house.github.person("alice").tag(REPO, "v3.0.0", &begin);
    house.merge_as(pull, "merge");
    house.settle().await;
    assert_eq!(house.tags(), ["v3.0.0"]);
    let comments = house.comments(pull);
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(
        comments[0].starts_with("Version 0.1.0 is not above 3.0.0, the last release that `main` holds"),
        "{comments:?}"
    );
}

#[tokio::test]
async fn without_our_commit_and_without_a_marker_nothing_is_released_and_it_is_told() {
    let (mut house, pull) = with_release().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "pointsman--release--main", "docs: by hand", &[("a.md", Some("a"))]);
    house.github.person("alice").edit_body(REPO, pull, "I wrote this anew.");
    house.merge_as(pull, "merge");
    house.settle().await;
    assert!(house.tags().is_empty(), "{:?}", house.tags());
    let comments = house.comments(pull);
    let told = comments
        .iter()
        .filter(|it| it.starts_with("The first line of this pull request's description"))
        .count();
    assert_eq!(told, 1, "{comments:?}");
}

#[tokio::test]
async fn a_suspended_installation_is_refused_with_what_to_do() {
    let (mut house, _) = with_release().await;
    house.feature(2, "feat: greet twice");
    house.github.suspend(house.installation, true);
    house.settle_after_an_hour().await;
    let refused = |told: &Told| match told {
        Told::Orchestrator(Outcome::Rejected(why)) => Some(why.detail.clone()),
        _ => None,
    };
    let why = house.told.iter().rev().find_map(refused).unwrap();
    assert!(why.contains("suspen"), "{why}");
}
