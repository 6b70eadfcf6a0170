//! What docs/releases.md promises beside the usual course: lines of releases, overrides, a pull request that is closed.

use serde_json::Value;

use crate::house::{House, REPO};

const SETTINGS: &str = ".github/pointsman.yaml";

const LINES: &str = r#"release:
  targets:
    - branch: main
    - { branch: next, strategy: prerelease, prerelease_type: beta }
    - { branch: "release/*", strategy: always_patch }
"#;

impl House {
    /// With these settings, and v0.1.0 released.
    async fn released(settings: &str) -> Self {
        let mut house = Self::new().await;
        house.push("feat: greet", &[(SETTINGS, Some(settings))]);
        house.settle().await;
        house.merge_release();
        house.settle().await;
        assert_eq!(house.tags(), ["v0.1.0"]);
        house
    }

    /// The open pull request into that branch: its number and title.
    fn proposed(&self, base: &str) -> Option<(u64, String)> {
        let open = self.open();
        let pull = open.iter().find(|pull| pull["base"]["ref"] == base)?;
        let Value::String(title) = &pull["title"] else { return None };
        Some((pull["number"].as_u64()?, title.clone()))
    }
}

#[tokio::test]
async fn a_release_pull_request_that_is_closed_is_opened_again() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let (closed, title) = house.proposed("main").unwrap();
    house.github.person("alice").close(REPO, closed);
    house.look_again("the hour is over").await;
    let (number, again) = house.proposed("main").unwrap();
    assert!(number > closed && title == again, "{number} {again}");
}

#[tokio::test]
async fn an_override_stands_instead_of_all_that_a_merge_brought() {
    let mut house = House::new().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "topic", "feat: one half", &[("a", Some("a"))]);
    alice.commit(REPO, "topic", "feat!: the other", &[("b", Some("b"))]);
    let body = "BEGIN_COMMIT_OVERRIDE\nfeat: both at once\nEND_COMMIT_OVERRIDE";
    let pull = alice.open(REPO, "topic", "main", "work", body);
    alice.merge(REPO, pull, "merge");
    house.settle().await;
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("* both at once"), "{body}");
    assert!(!body.contains("half") && !body.contains("BREAKING"), "{body}");
}

#[tokio::test]
async fn an_older_lines_branch_gets_the_next_patch_version() {
    let mut house = House::released(LINES).await;
    let old = house.github.reference(REPO, "refs/tags/v0.1.0").unwrap();
    house.feature(2, "feat: greet the world");
    house.github.person("alice").push(REPO, "refs/heads/release/0.1", Some(&old));
    house.github.person("alice").commit(REPO, "release/0.1", "feat: mend", &[("m", Some("m"))]);
    house.settle().await;
    let (number, title) = house.proposed("release/0.1").unwrap();
    assert_eq!(title, "chore(release/0.1): release 0.1.1");
    assert_eq!(house.proposed("main").unwrap().1, "chore(main): release 0.2.0");
    house.github.person("alice").merge(REPO, number, "squash");
    house.settle().await;
    assert_eq!(house.tags(), ["v0.1.0", "v0.1.1"]);
    assert_eq!(house.proposed("main").unwrap().1, "chore(main): release 0.2.0");
}

#[tokio::test]
async fn pre_releases_become_a_release_on_the_branch_that_they_are_merged_into() {
    let mut house = House::released(LINES).await;
    let main = house.github.reference(REPO, "refs/heads/main").unwrap();
    let alice = house.github.person("alice");
    alice.push(REPO, "refs/heads/next", Some(&main));
    alice.commit(REPO, "next", "feat: a bold one", &[("b", Some("b"))]);
    house.settle().await;
    let (number, title) = house.proposed("next").unwrap();
    assert_eq!(title, "chore(next): release 0.2.0-beta.1");
    let alice = house.github.person("alice");
    alice.merge(REPO, number, "squash");
    house.settle().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "next", "fix: a bold mistake", &[("c", Some("c"))]);
    house.settle().await;
    assert_eq!(house.proposed("next").unwrap().1, "chore(next): release 0.2.0-beta.2");
    let alice = house.github.person("alice");
    let pull = alice.open(REPO, "next", "main", "Next", "");
    alice.merge(REPO, pull, "merge");
    house.settle().await;
    assert_eq!(house.proposed("main").unwrap().1, "chore(main): release 0.2.0");
    let open = house.open();
    let body = open.iter().find(|pull| pull["base"]["ref"] == "main").unwrap()["body"].as_str().unwrap();
    assert!(body.contains("* a bold one") && body.contains("* a bold mistake"), "{body}");
}
