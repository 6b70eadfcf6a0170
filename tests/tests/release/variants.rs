//! What settings change: components together and apart, groups, several targets, previews, kinds of tags.

use pointsman_release_orchestrator::Move;
use serde_json::Value;

use crate::house::{House, REPO, moved};

async fn with_settings(settings: &str) -> House {
    let mut house = House::new().await;
    house.push("chore: settings", &[(".github/pointsman.yaml", Some(settings))]);
    house.settle().await;
    house
}

impl House {
    fn titles(&self) -> Vec<String> {
        let mut titles: Vec<_> =
            self.open().iter().map(|pull| pull["title"].as_str().unwrap().to_owned()).collect();
        titles.sort();
        titles
    }

    fn merge_titled(&self, title: &str) {
        let pull = self.open().into_iter().find(|pull| pull["title"] == title).unwrap();
        self.github.person("alice").merge(REPO, pull["number"].as_u64().unwrap(), "squash");
    }

    fn release(&self, tag: &str) -> Value {
        let releases = self.snapshot()["releases"].as_array().unwrap().clone();
        releases.into_iter().find(|release| release["tag_name"] == tag).unwrap()
    }
}

const COMPONENTS: &str = "components: { api: { path: api }, web: { path: web } }";

#[tokio::test]
async fn components_are_released_together_by_one_pull_request() {
    let mut house = with_settings(&format!("release: {{ {COMPONENTS} }}\n")).await;
    house.push("feat: greet", &[("api/a", Some("a"))]);
    house.push("fix: paint", &[("web/a", Some("a"))]);
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release api 0.1.0, web 0.1.0"]);
    house.merge_release();
    house.settle().await;
    assert_eq!(house.tags(), ["api-v0.1.0", "web-v0.1.0"]);
    house.push("feat: greet twice", &[("api/a", Some("b"))]);
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release api 0.2.0"]);
    assert!(house.file("pointsman--release--main", "api/CHANGELOG.md").unwrap().contains("greet twice"));
}

#[tokio::test]
async fn components_are_released_apart_by_one_pull_request_each() {
    let settings = format!("release: {{ {COMPONENTS}, pull_request: {{ separate: true }} }}\n");
    let mut house = with_settings(&settings).await;
    house.push("feat: greet", &[("api/a", Some("a"))]);
    house.push("fix: paint", &[("web/a", Some("a"))]);
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release api 0.1.0", "chore(main): release web 0.1.0"]);
    house.merge_titled("chore(main): release web 0.1.0");
    house.settle().await;
    assert_eq!(house.tags(), ["web-v0.1.0"]);
    assert_eq!(house.titles(), ["chore(main): release api 0.1.0"]);
    house.push(
        "chore: together again",
        &[(".github/pointsman.yaml", Some(&format!("release: {{ {COMPONENTS} }}\n")))],
    );
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release api 0.1.0"]);
    assert_eq!(house.release_pull()["head"]["ref"], "pointsman--release--main");
}

#[tokio::test]
async fn components_that_are_given_up_leave_no_pull_request_behind_and_cost_nothing_later() {
    const BRANCHES: &str = "GET /repos/{owner}/{repo}/git/matching-refs/{ref}";
    let settings = format!("release: {{ {COMPONENTS}, pull_request: {{ separate: true }} }}\n");
    let mut house = with_settings(&settings).await;
    house.push("feat: greet", &[("api/a", Some("a"))]);
    house.push("fix: paint", &[("web/a", Some("a"))]);
    house.settle().await;
    let apart: Vec<u64> = house.open().iter().map(|pull| pull["number"].as_u64().unwrap()).collect();
    assert_eq!(apart.len(), 2);
    house.push("chore: one version", &[(".github/pointsman.yaml", None)]);
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release 0.1.0"]);
    assert_eq!(house.release_pull()["head"]["ref"], "pointsman--release--main");
    for pull in apart {
        let told = "The release settings of `main` no longer ask for this pull request, so it is closed.";
        assert!(house.comments(pull)[0].starts_with(told), "{:?}", house.comments(pull));
    }
    for name in ["api", "web"] {
        let branch = format!("refs/heads/pointsman--release--main--{name}");
        assert_eq!(house.github.reference(REPO, &branch), None);
    }
    house.look_again("they are known to be gone").await;
    house.requests();
    house.look_again("once more").await;
    let listed = house.github.requests().get(BRANCHES).copied().unwrap_or_default();
    assert_eq!(listed, 1, "tags alone are listed: {:?}", house.github.requests());
    assert!(house.requests() <= 6);
}

#[tokio::test]
async fn a_group_has_one_version() {
    let settings = "release: { components: { api: { path: api, group: all }, web: { path: web, group: all } }, \
                    pull_request: { separate: true } }\n";
    let mut house = with_settings(settings).await;
    house.push("feat: greet", &[("api/a", Some("a"))]);
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release api 0.1.0, web 0.1.0"]);
}

#[tokio::test]
async fn two_targets_never_claim_the_same_tag() {
    let mut house = with_settings("release: { targets: [{ branch: main }, { branch: release/* }] }\n").await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "release/0.x", "fix: greet softly", &[("a", Some("a"))]);
    house.push("fix: greet loudly", &[("b", Some("b"))]);
    house.settle().await;
    let titles = house.titles();
    let versions: Vec<&str> = titles.iter().map(|title| title.rsplit(' ').next().unwrap()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert_ne!(versions[0], versions[1], "{titles:?}");
    for title in titles {
        house.merge_titled(&title);
        house.settle().await;
    }
    assert_eq!(house.tags().len(), 3, "{:?}", house.tags());
    assert_eq!(house.releases().len(), 3);
}

#[tokio::test]
async fn a_pre_release_is_marked_and_never_the_latest() {
    let mut house = with_settings("release: { strategy: prerelease }\n").await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    let [tag] = house.tags().try_into().unwrap();
    assert!(tag.ends_with("-beta.1"), "{tag}");
    assert_eq!(house.release(&tag)["prerelease"], true);
}

#[tokio::test]
async fn a_tag_may_be_annotated_and_released_pull_requests_told() {
    let mut house =
        with_settings("release: { pull_request: { annotated_tag: true, comment_released: true } }\n").await;
    let pull = house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    let tag = house.github.reference(REPO, "refs/tags/v0.1.0").unwrap();
    assert_ne!(Some(tag), house.github.reference(REPO, "refs/heads/main"));
    assert!(house.comments(pull)[0].starts_with("This is released: v0.1.0."), "{:?}", house.comments(pull));
    house.feature(2, "feat: greet twice");
    house.settle().await;
    assert_eq!(house.titles(), ["chore(main): release 0.2.0"]);
}

#[tokio::test]
async fn an_open_pull_request_is_told_what_it_will_do() {
    let mut house = with_settings("release: { pull_request: { preview: true } }\n").await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "topic", "wip", &[("a", Some("a"))]);
    let pull = alice.open(REPO, "topic", "main", "feat: greet", "");
    house.settle().await;
    let comments = house.comments(pull);
    assert!(comments[0].contains("The next version will be **0.1.0** (minor change)."), "{comments:?}");
    house.github.person("alice").commit(REPO, "topic", "more", &[("a", Some("b"))]);
    house.settle().await;
    assert_eq!(house.comments(pull).len(), 1, "{:?}", house.comments(pull));
}

#[tokio::test]
async fn a_preview_knows_the_version_that_was_set() {
    let mut house = with_settings("release: { pull_request: { preview: true } }\n").await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let release = house.release_pull()["number"].as_u64().unwrap();
    house.github.person("alice").comment(REPO, release, "/pointsman set-version 2.0.0");
    house.settle().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "topic", "wip", &[("a", Some("a"))]);
    let pull = alice.open(REPO, "topic", "main", "feat: greet twice", "");
    house.settle().await;
    let comments = house.comments(pull);
    assert!(comments[0].contains("The next version stays **2.0.0** (minor change)."), "{comments:?}");
}

#[tokio::test]
async fn a_new_day_is_no_reason_to_write() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let before = house.release_pull();
    house.clock.turn(std::time::Duration::from_secs(86_400));
    house.look_again("a day later").await;
    assert_eq!(house.last(), moved(Move::Unchanged));
    assert_eq!(house.release_pull()["head"], before["head"]);
}
