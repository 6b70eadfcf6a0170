//! The usual course: a first release, an update, no change, the merge, the next one.

use pointsman_release_orchestrator::Move;

use crate::house::{House, REPO, moved};

#[tokio::test]
async fn a_repository_without_a_due_change_gets_no_pull_request() {
    let mut house = House::new().await;
    house.settle().await;
    assert_eq!(house.last(), moved(Move::Nothing));
    assert!(house.open().is_empty());
}

#[tokio::test]
async fn a_feature_opens_a_release_pull_request_and_its_merge_publishes() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let pull = house.release_pull();
    assert_eq!(pull["title"], "chore(main): release 0.1.0");
    assert_eq!(pull["head"]["ref"], "pointsman--release--main");
    assert_eq!(pull["labels"][0]["name"], "release: pending");
    assert!(house.file("pointsman--release--main", "CHANGELOG.md").unwrap().contains("* greet"));
    let number = house.merge_release();
    house.settle().await;
    assert_eq!((house.tags(), house.releases()), (vec!["v0.1.0".to_owned()], vec!["v0.1.0".to_owned()]));
    let merge = house.github.reference(REPO, "refs/heads/main");
    assert_eq!(house.github.reference(REPO, "refs/tags/v0.1.0"), merge);
    assert_eq!(house.github.reference(REPO, "refs/heads/pointsman--release--main"), None);
    assert!(house.open().is_empty());
    let labels = house.snapshot()["pulls"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pull| pull["number"] == number)
        .unwrap()["labels"]
        .clone();
    assert_eq!(labels[0]["name"], "release: published");
    assert_eq!(house.last(), moved(Move::Nothing));
}

#[tokio::test]
async fn more_changes_update_the_one_pull_request() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    house.feature(2, "fix: greet twice");
    house.settle().await;
    let first = house.release_pull();
    assert_eq!(first["title"], "chore(main): release 0.1.1");
    house.feature(3, "feat!: greet the world");
    house.settle().await;
    let second = house.release_pull();
    assert_eq!(
        (&second["number"], second["title"].as_str()),
        (&first["number"], Some("chore(main): release 0.2.0"))
    );
    assert_eq!(house.last(), moved(Move::Move));
    assert_eq!(house.tags(), ["v0.1.0"]);
    house.merge_release();
    house.settle().await;
    assert_eq!(house.tags(), ["v0.1.0", "v0.2.0"]);
    assert_eq!(house.releases(), ["v0.1.0", "v0.2.0"]);
}
