//! What a pass costs at GitHub, counted by the fake: also with a token that must be made first, and with newcomers.

use std::sync::Arc;

use pointsman_fake_github::{Fault, When};
use pointsman_host_worker::Worker;
use pointsman_release_orchestrator::{self as orchestrator, Move};

use crate::house::{House, REPO, moved, orchestrator_queue};

const NOTES: &str = "POST /repos/{owner}/{repo}/releases/generate-notes";
const TOKEN: &str = "POST /app/installations/{installation_id}/access_tokens";

/// A house with a release and one more change that is proposed.
async fn with_proposal() -> House {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    house.feature(2, "fix: greet twice");
    house.settle().await;
    house.requests();
    house
}

impl House {
    fn asked(&self, operation: &str) -> u64 {
        self.github.requests().get(operation).copied().unwrap_or_default()
    }

    /// Somebody's squashed merge.
    fn feature_of(&self, login: &str, number: u32, title: &str) -> u64 {
        let (person, branch) = (self.github.person(login), format!("topic-{number}"));
        person.commit(REPO, &branch, title, &[(&format!("src/{number}.rs"), Some("fn main() {}\n"))]);
        let pull = person.open(REPO, &branch, "main", title, "");
        self.clock.turn(std::time::Duration::from_secs(1));
        self.github.person("alice").merge(REPO, pull, "squash");
        pull
    }
}

#[tokio::test]
async fn an_update_and_a_look_that_changes_nothing_stay_within_the_budget() {
    for cold in [false, true] {
        let mut house = with_proposal().await;
        house.push("docs: nothing that counts", &[("docs/a.md", Some("a"))]);
        house.feature_of("zoe", 3, "feat: greet the world");
        if cold {
            house.clock.turn(std::time::Duration::from_secs(7200));
        }
        house.carry().await;
        house.orchestrate().await;
        assert_eq!(house.last(), moved(Move::Move));
        assert_eq!((house.asked(TOKEN), house.asked(NOTES)), (u64::from(cold), 1));
        let asked = house.github.requests();
        let update = house.requests();
        println!("an update with a cold token {cold}: {update} requests");
        assert!(update <= 14 + 1, "{update} requests, one of them for the changelog: {asked:#?}");
        house.settle().await;
        house.requests();
        if cold {
            house.clock.turn(std::time::Duration::from_secs(7200));
        }
        house.look_again("once more").await;
        assert_eq!(house.last(), moved(Move::Unchanged));
        assert_eq!((house.asked(TOKEN), house.asked(NOTES)), (u64::from(cold), 0));
        let asked = house.github.requests();
        let unchanged = house.requests();
        println!("no change with a cold token {cold}: {unchanged} requests");
        assert!(unchanged <= 6, "{unchanged} requests: {asked:#?}");
    }
}

#[tokio::test]
async fn who_is_new_is_greeted_in_changelog_and_release_and_asked_for_once() {
    let mut house = with_proposal().await;
    let pull = house.feature_of("zoe", 3, "feat: greet the world");
    house.settle().await;
    let line = format!(
        "* [@zoe](https://github.com/zoe) made their first contribution in [#{pull}](https://github.com/acme/web/issues/{pull})"
    );
    let changelog = house.file("pointsman--release--main", "CHANGELOG.md").unwrap();
    assert_eq!(changelog.matches("### New Contributors").count(), 2, "{changelog}");
    assert!(changelog.contains(&line), "{changelog}");
    assert_eq!(house.asked(NOTES), 1);
    let before = house.release_pull();
    house.look_again("once more").await;
    assert_eq!(house.last(), moved(Move::Unchanged));
    assert_eq!((house.asked(NOTES), &house.release_pull()["head"]["sha"]), (1, &before["head"]["sha"]));
    house.merge_release();
    house.settle().await;
    let snapshot = house.snapshot();
    let notes = snapshot["releases"].as_array().unwrap();
    let notes = notes.iter().find(|it| it["tag_name"] == "v0.2.0").unwrap()["body"].as_str().unwrap();
    assert!(notes.contains(&line) && !notes.contains("alice) made") && !notes.contains("bot"), "{notes}");
}

#[tokio::test]
async fn where_github_cannot_say_who_is_new_nobody_is_greeted_and_nothing_is_held_up() {
    let told =
        [Fault::Refused(404, "Not Found"), Fault::Refused(422, "Validation Failed"), Fault::BadGateway];
    for fault in told {
        let mut house = House::new().await;
        house.github.on_request(move |moment| {
            (moment.when == When::Before && moment.operation == NOTES).then_some(fault)
        });
        house.feature(1, "feat: greet");
        house.settle().await;
        let body = house.release_pull()["body"].as_str().unwrap().to_owned();
        assert!(body.contains("* greet") && !body.contains("New Contributors"), "{fault:?}: {body}");
        house.look_again("once more").await;
        assert_eq!(house.last(), moved(Move::Unchanged), "{fault:?}");
    }
}

#[tokio::test]
async fn fifty_pushes_that_wait_together_cost_one_pass() {
    let house = with_proposal().await;
    for number in 0..50 {
        house.push(&format!("feat: number {number}"), &[("a", Some(&number.to_string()))]);
    }
    house.carry().await;
    house.requests();
    let worker = Worker {
        once: true,
        ..Worker::new(house.store.receiver.clone(), house.clock.clone(), orchestrator_queue())
    };
    let stage = Arc::new(house.orchestrator.clone());
    let handle = move |batch: Vec<_>| {
        let stage = stage.clone();
        async move { orchestrator::handle(&batch, &stage).await.map(|it| it.map(drop)) }
    };
    let counts = worker.run_batches(handle, std::future::pending()).await.unwrap();
    assert_eq!(counts.completed, 50);
    let asked = house.github.requests();
    let requests = house.requests();
    assert!(requests <= 14 + 1, "{requests} requests: {asked:#?}");
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("* number 0") && body.contains("* number 49"), "{body}");
}
