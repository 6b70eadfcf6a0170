//! Commands in comments: who may, what they do, and that each is answered once.

use crate::house::{House, REPO};

impl House {
    fn says(&self, login: &str, pull: u64, text: &str) {
        self.github.person(login).comment(REPO, pull, text);
    }

    async fn with_release() -> (Self, u64) {
        let mut house = Self::new().await;
        house.feature(1, "feat: greet");
        house.settle().await;
        let pull = house.release_pull()["number"].as_u64().unwrap();
        (house, pull)
    }
}

#[tokio::test]
async fn set_version_sets_it_and_says_so_once() {
    let (mut house, pull) = House::with_release().await;
    house.says("alice", pull, "/pointsman set-version 2.0.0");
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 2.0.0");
    house.feature(2, "feat: greet twice");
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 2.0.0", "it stays set");
    let answers: Vec<_> = house.comments(pull);
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(answers[1].starts_with("The next version is **2.0.0**."), "{answers:?}");
    house.merge_release();
    house.settle().await;
    assert_eq!(house.tags(), ["v2.0.0"]);
}

#[tokio::test]
async fn only_who_may_write_commands() {
    let (mut house, pull) = House::with_release().await;
    house.says("mallory", pull, "/pointsman set-version 2.0.0");
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 0.1.0");
    assert!(house.comments(pull)[1].starts_with("Only those who may write"));
}

#[tokio::test]
async fn a_held_pull_request_stays_as_it_is_until_it_is_rebuilt() {
    let (mut house, pull) = House::with_release().await;
    house.says("alice", pull, "/pointsman hold");
    house.settle().await;
    let before = house.release_pull();
    house.feature(2, "feat: greet twice");
    house.settle().await;
    assert_eq!(house.release_pull()["head"]["sha"], before["head"]["sha"]);
    assert_eq!(house.release_pull()["body"], before["body"]);
    house.says("alice", pull, "/pointsman rebuild");
    house.settle().await;
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("* greet twice") && !body.contains("is held"), "{body}");
}

#[tokio::test]
async fn a_floor_on_a_feature_counts_when_it_is_merged() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    let alice = house.github.person("alice");
    alice.commit(REPO, "topic", "fix: greet softly", &[("a.rs", Some("a"))]);
    let pull = alice.open(REPO, "topic", "main", "fix: greet softly", "");
    house.says("alice", pull, "/pointsman release minor");
    house.settle().await;
    assert!(house.comments(pull)[1].contains("at least a **minor** one"), "{:?}", house.comments(pull));
    house.github.person("alice").merge(REPO, pull, "squash");
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 0.2.0");
}

#[tokio::test]
async fn a_command_in_the_wrong_place_is_told() {
    let (mut house, _) = House::with_release().await;
    house.merge_release();
    house.settle().await;
    house.feature(2, "feat: greet twice");
    house.settle().await;
    let pull = house.release_pull()["number"].as_u64().unwrap();
    house.says("alice", pull, "/pointsman release major");
    house.says("alice", pull, "/pointsman set-version 0.0.1");
    house.settle().await;
    let comments = house.comments(pull);
    assert!(comments[2].starts_with("This belongs on the pull request of a change."), "{comments:?}");
    assert!(comments[3].starts_with("The version was not set:"), "{comments:?}");
    assert_eq!(house.release_pull()["title"], "chore(main): release 0.2.0");
}

#[tokio::test]
async fn a_comment_without_a_command_costs_no_call() {
    let (mut house, pull) = House::with_release().await;
    house.requests();
    house.says("alice", pull, "please do not /pointsman hold this");
    house.settle().await;
    assert_eq!(house.requests(), 0);
}
