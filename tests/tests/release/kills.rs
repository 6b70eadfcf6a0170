//! A stage that is killed after any single call, and run again, ends where it would have ended.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pointsman_fake_github::{Fault, When};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::house::House;

/// Two features and their release; killed after the call of this number. Whether there was one.
async fn story(killed_after: Option<u64>) -> (Value, bool) {
    // Other stories have every request of this one checked.
    let mut house = House::unwatched(1).await;
    let reached = Arc::new(AtomicU64::new(0));
    if let Some(number) = killed_after {
        let (count, killed) = (reached.clone(), house.killed.clone());
        house.github.on_request(move |moment| {
            if moment.when == When::Before || count.fetch_add(1, Ordering::SeqCst) != number {
                return None;
            }
            killed.notify_one();
            Some(Fault::Hang)
        });
    }
    house.feature(1, "feat: greet");
    house.settle().await;
    house.feature(2, "feat: greet twice");
    house.settle().await;
    house.merge_release();
    house.settle().await;
    house.look_again("the hour is over").await;
    let was_reached = killed_after.is_none_or(|number| reached.load(Ordering::SeqCst) > number);
    (end(&house), was_reached)
}

fn end(house: &House) -> Value {
    let snapshot = house.snapshot();
    let refs: Vec<&String> = snapshot["refs"].as_object().unwrap().keys().collect();
    let pulls = snapshot["pulls"].as_array().unwrap();
    let pull =
        |pull: &Value| json!([pull["number"], pull["state"], pull["title"], pull["labels"][0]["name"]]);
    let release = |release: &Value| {
        json!([release["tag_name"], release["draft"], without_shas(release["body"].as_str().unwrap())])
    };
    let releases = snapshot["releases"].as_array().unwrap();
    let comments = snapshot["comments"].as_array().unwrap();
    json!({
        "refs": refs,
        "pulls": pulls.iter().map(pull).collect::<Vec<_>>(),
        "releases": releases.iter().map(release).collect::<Vec<_>>(),
        "comments": comments.iter().map(|comment| &comment["body"]).collect::<Vec<_>>(),
        "changelog": house.file("main", "CHANGELOG.md").as_deref().map(without_shas),
    })
}

/// Commits have other ids when they are made at other times.
fn without_shas(text: &str) -> String {
    let sha = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !sha(word)).collect::<Vec<_>>().join(" ")
}

/// Stories that are told at the same time: they wait for the disk and for git, mostly.
const TOGETHER: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_any_call_it_ends_in_the_same_place() {
    let (expected, _) = story(None).await;
    for first in (0..).step_by(8) {
        let mut stories = JoinSet::new();
        for number in first..first + TOGETHER {
            stories.spawn(async move { (number, story(Some(number)).await) });
        }
        let mut all = true;
        while let Some(told) = stories.join_next().await {
            let (number, (end, reached)) = told.unwrap();
            assert_eq!(end, expected, "killed after call {number}");
            all &= reached;
        }
        if !all {
            assert!(first > 40, "the story takes {first} calls?");
            return;
        }
    }
}
