//! From merges to a release, through SIGKILL, and from webhooks that nobody heard.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
};

use pointsman_fake_github::{Fault, When};
use pointsman_tests::founded::REPO;
use serde_json::{Value, json};

use crate::house::{House, brief};

/// The calls after which the program is killed, once each: GitHub has done them, and nobody was told.
const KILLED_AFTER: [Option<&str>; 5] = [
    None,
    Some("POST /repos/{owner}/{repo}/git/commits"),
    Some("POST /repos/{owner}/{repo}/pulls"),
    Some("POST /repos/{owner}/{repo}/git/refs"),
    Some("POST /repos/{owner}/{repo}/releases"),
];

impl House {
    /// The first such call is done and never answered; the receiver hears of it.
    fn hang_after(&self, operation: &'static str) -> Receiver<()> {
        let (tell, told) = channel();
        let tell = std::sync::Mutex::new(Some(tell));
        self.github.on_request(move |moment| {
            if moment.when == When::Before || moment.operation != operation {
                return None;
            }
            tell.lock().unwrap().take()?.send(()).ok()?;
            Some(Fault::Hang)
        });
        told
    }
}

fn list<'a>(snapshot: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    snapshot[name].as_array().unwrap().iter()
}

fn is_ours(pull: &Value) -> bool {
    pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--")
}

/// The only open release pull request, if it is finished and proposes all of this.
pub fn proposed(snapshot: &Value, changes: &[&str]) -> Option<u64> {
    let open: Vec<_> =
        list(snapshot, "pulls").filter(|pull| pull["state"] == "open" && is_ours(pull)).collect();
    assert!(open.len() <= 1, "{open:#?}");
    let pull = open.first()?;
    let body = pull["body"].as_str().unwrap();
    let all = changes.iter().all(|change| body.contains(&format!("* {change} (")));
    let right = all && pull["title"] == "chore(main): release 1.1.0";
    (right && pull["labels"][0]["name"] == "release: pending").then(|| pull["number"].as_u64().unwrap())
}

/// The person's part: merges what is proposed, once.
pub fn merged(house: &House, snapshot: &Value) -> bool {
    if let Some(number) = proposed(snapshot, &["greet", "greet twice", "greet once"]) {
        house.github.person("alice").merge(REPO, number, "merge");
    }
    list(snapshot, "releases").any(|release| release["draft"] == false)
}

/// What is there at the end, but for what is another one each time.
fn end(house: &House) -> Value {
    let snapshot = house.github.snapshot(REPO);
    let mut end = brief(&snapshot);
    end["manifest"] = json!(house.github.file(REPO, "v1.1.0", "package.json"));
    let refs = &snapshot["refs"];
    end["tag is at main"] = json!(refs["refs/tags/v1.1.0"] == refs["refs/heads/main"]);
    end
}

/// Three merges at once, the release pull request, its merge, the release. Killed and started again after this call.
fn story(killed_after: Option<&'static str>) -> Value {
    let mut house = House::new();
    let hanging = killed_after.map(|operation| house.hang_after(operation));
    house.start();
    house.merge(&["feat: greet", "feat: greet twice", "fix: greet once"]);
    if let Some(hanging) = hanging {
        house.until("the call to be killed after", |now| {
            merged(&house, now);
            hanging.try_recv().is_ok()
        });
        house.kill();
        house.start();
    }
    house.until("a release", |now| merged(&house, now));
    house.until_still();
    let end = end(&house);
    house.stop();
    end
}

#[test]
fn merges_become_one_release_wherever_the_program_is_killed() {
    let told = thread::scope(|scope| {
        let stories = KILLED_AFTER.map(|killed_after| scope.spawn(move || story(killed_after)));
        stories.map(|story| story.join().unwrap())
    });
    let expected = json!({
        "refs": ["refs/heads/main", "refs/tags/v1.0.0", "refs/tags/v1.1.0"],
        "pulls": [
            [1, "closed", "feat: greet", null],
            [2, "closed", "feat: greet twice", null],
            [3, "closed", "fix: greet once", null],
            [4, "closed", "chore(main): release 1.1.0", "release: published"],
        ],
        "releases": [["v1.1.0", "v1.1.0", false]],
        "comments": [],
        "manifest": "{\n  \"name\": \"web\",\n  \"version\": \"1.1.0\"\n}\n",
        "tag is at main": true,
    });
    for (killed_after, end) in KILLED_AFTER.iter().zip(told) {
        assert_eq!(end, expected, "killed after {killed_after:?}");
    }
}

#[test]
fn a_merge_that_nobody_was_told_of_is_found_at_the_next_start() {
    let mut house = House::new();
    house.start();
    house.until_still();
    house.kill();
    house.merge(&["feat: greet"]);
    house.lose_webhooks();
    house.start();
    house.until("a release pull request", |now| proposed(now, &["greet"]).is_some());
    house.stop();
}
