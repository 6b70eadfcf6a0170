//! Others who act at the worst moment, placed by hand; and GitHub's limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pointsman_core::outcome::Outcome;
use pointsman_fake_github::{FakeGithub, Fault, When};
use pointsman_release_orchestrator::Move;

use crate::house::{House, REPO, Told, moved};

impl House {
    /// Does something right before the first request of this operation.
    fn before(&self, operation: &'static str, act: impl Fn(&FakeGithub) + Send + Sync + 'static) {
        let (github, done) = (Arc::downgrade(&self.github), AtomicBool::new(false));
        self.github.on_request(move |moment| {
            let now = moment.when == When::Before && moment.operation == operation;
            if now && !done.swap(true, Ordering::SeqCst) {
                act(&github.upgrade().unwrap());
            }
            None
        });
    }
}

#[tokio::test]
async fn a_push_between_read_and_write_starts_the_pass_over() {
    let mut house = House::new().await;
    house.settle().await;
    house.feature(1, "feat: greet");
    house.before("POST /repos/{owner}/{repo}/git/commits", |github| {
        github.person("alice").commit(REPO, "main", "feat: meanwhile", &[("m", Some("m"))]);
    });
    house.carry().await;
    house.orchestrate().await;
    assert_eq!(house.last(), moved(Move::Open));
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("* greet") && body.contains("* meanwhile"), "{body}");
}

#[tokio::test]
async fn a_pull_request_that_another_run_opened_is_taken_over() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.before("POST /repos/{owner}/{repo}/pulls", |github| {
        github.person("alice").open(REPO, "pointsman--release--main", "main", "another's", "");
    });
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 0.1.0");
    assert_eq!(house.open().len(), 1);
}

#[tokio::test]
async fn a_release_that_is_merged_while_it_is_updated_is_the_one_that_was_merged() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    house.feature(2, "fix: greet softly");
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 0.1.1");
    house.feature(3, "feat: greet loudly");
    let number = house.release_pull()["number"].as_u64().unwrap();
    house.before("POST /graphql", move |github| {
        github.person("alice").merge(REPO, number, "squash");
    });
    house.settle().await;
    house.look_again("the hour is over").await;
    assert_eq!(house.tags(), ["v0.1.0", "v0.1.1"], "{:?}", house.told);
    assert_eq!(house.releases(), ["v0.1.0", "v0.1.1"]);
    assert!(house.file("main", "CHANGELOG.md").unwrap().contains("## [0.1.1]"));
}

#[tokio::test]
async fn a_limit_at_any_request_is_given_back_with_its_time() {
    for number in [0, 3, 7, 11] {
        let mut house = House::new().await;
        house.feature(1, "feat: greet");
        let first = house.github.requests().values().sum::<u64>();
        house.github.on_request(move |moment| {
            (moment.when == When::Before && moment.nth == first + number)
                .then_some(Fault::SecondaryLimit(Duration::from_secs(90)))
        });
        house.carry().await;
        house.orchestrate().await;
        let told = house.told.last().unwrap();
        let Told::Orchestrator(Outcome::Retry { after, .. }) = told else { panic!("{number}: {told:?}") };
        assert_eq!(*after, Duration::from_secs(90), "{number}");
        house.settle().await;
        assert_eq!(house.open().len(), 1);
    }
}

#[tokio::test]
async fn drafts_that_a_killed_run_left_are_deleted_but_for_one() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    let (github, twice) = (Arc::downgrade(&house.github), AtomicBool::new(false));
    house.github.on_request(move |moment| {
        let lost = moment.when == When::After && moment.operation == "POST /repos/{owner}/{repo}/releases";
        let _alive = github.upgrade();
        (lost && !twice.swap(true, Ordering::SeqCst)).then_some(Fault::Unavailable)
    });
    house.settle().await;
    assert_eq!(house.releases(), ["v0.1.0"]);
}
