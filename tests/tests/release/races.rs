//! Others who act at the worst moment, placed by hand; and GitHub's limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
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

/// Runs what waits with a limit at the request of this number; how it ended, and the requests that were made.
async fn limited(house: &mut House, number: u64, fault: Fault, automator: bool) -> (Told, u64) {
    house.carry().await;
    house.requests();
    let nth = AtomicU64::new(0);
    house.github.on_request(move |moment| {
        let graphql = moment.operation == "POST /graphql";
        let hit = match fault {
            Fault::GraphqlLimit(_) => graphql,
            _ => moment.when == When::Before && nth.fetch_add(1, Ordering::SeqCst) == number,
        };
        (moment.when == When::Before && hit).then_some(fault)
    });
    // The clock stands still: a stage that slept would never end.
    if automator {
        house.automate().await
    } else {
        house.orchestrate().await
    };
    house.github.on_request(|_| None);
    (house.told.pop().unwrap(), house.requests())
}

const AFTER: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_limit_of_any_kind_at_any_request_ends_the_orchestrator_at_once_with_its_time() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.feature(2, "feat: greet twice");
    let kinds = [Fault::SecondaryLimit(AFTER), Fault::PrimaryLimit(AFTER), Fault::TooMany(AFTER)];
    for (kind, number) in kinds.into_iter().zip([0, 3, 6]) {
        let (told, requests) = limited(&mut house, number, kind, false).await;
        let Told::Orchestrator(Outcome::Retry { after, .. }) = told else { panic!("{kind:?}: {told:?}") };
        assert!(after.as_secs().abs_diff(AFTER.as_secs()) <= 1, "{kind:?}: {after:?}");
        assert_eq!(requests, number + 1, "{kind:?}: nothing is asked after it");
    }
    let (told, _) = limited(&mut house, 0, Fault::GraphqlLimit(AFTER), false).await;
    let Told::Orchestrator(Outcome::Retry { after, .. }) = told else { panic!("{told:?}") };
    assert!(after.as_secs().abs_diff(AFTER.as_secs()) <= 1, "{after:?}");
    house.settle().await;
    assert!(house.release_pull()["body"].as_str().unwrap().contains("* greet twice"));
}

#[tokio::test]
async fn a_limit_of_any_kind_at_any_request_ends_the_automator_at_once_with_its_time() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    let kinds = [Fault::SecondaryLimit(AFTER), Fault::PrimaryLimit(AFTER), Fault::TooMany(AFTER)];
    for (kind, number) in kinds.into_iter().zip([0, 5, 9]) {
        let (told, requests) = limited(&mut house, number, kind, true).await;
        let Told::Automator(Outcome::Retry { after, .. }) = told else { panic!("{kind:?}: {told:?}") };
        assert!(after.as_secs().abs_diff(AFTER.as_secs()) <= 1, "{kind:?}: {after:?}");
        assert_eq!(requests, number + 1, "{kind:?}: nothing is asked after it");
    }
    house.settle().await;
    assert_eq!(house.releases(), ["v0.1.0"]);
}

#[tokio::test]
async fn of_two_drafts_that_two_runs_made_one_is_published_and_the_other_deleted() {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    // The answer to the first is lost, and the next run's list does not show it yet.
    let phase = AtomicU64::new(0);
    house.github.on_request(move |moment| {
        let is = |when, operation| moment.when == when && moment.operation == operation;
        match phase.load(Ordering::SeqCst) {
            0 if is(When::After, "POST /repos/{owner}/{repo}/releases") => {
                phase.store(1, Ordering::SeqCst);
                Some(Fault::Unavailable)
            }
            1 if is(When::Before, "GET /repos/{owner}/{repo}/releases") => {
                phase.store(2, Ordering::SeqCst);
                // The notes were asked for in between.
                Some(Fault::Stale(2))
            }
            _ => None,
        }
    });
    house.settle().await;
    assert_eq!(house.releases(), ["v0.1.0"]);
    let asked = house.github.requests();
    assert_eq!(asked.get("DELETE /repos/{owner}/{repo}/releases/{release_id}"), Some(&1), "{asked:?}");
}
