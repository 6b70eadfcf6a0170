//! Simultaneous merges with requests and webhooks that go wrong by a seed: always one pull request, one tag, one release.

use pointsman_core::outcome::Outcome;
use pointsman_fake_github::Odds;

use crate::house::{House, REPO, Told};

/// Schedules that are tried; `scripts/bench races` tries more.
const SEEDS: u64 = 60;

async fn schedule(seed: u64) {
    let mut house = House::seeded(seed).await;
    house.settle().await;
    let mut dice = fastrand::Rng::with_seed(seed);
    house.github.set_odds(Odds {
        lost: 0.02,
        timed_out: 0.02,
        bad_gateway: 0.02,
        limited: 0.01,
        stale: 0.1,
        webhook_lost: 0.1,
        webhook_twice: 0.2,
        webhook_late: 0.3,
    });
    for number in 0..dice.u32(2..6) {
        house.feature(number, &format!("feat: number {number}"));
        if dice.bool() {
            house.carry().await;
            house.orchestrate().await;
        }
    }
    house.settle().await;
    house.github.set_odds(Odds::default());
    house.look_again("the hour is over").await;
    assert_eq!(house.open().len(), 1, "seed {seed}: {:?}", house.told);
    house.github.set_odds(Odds { timed_out: 0.05, stale: 0.1, webhook_twice: 0.3, ..Odds::default() });
    house.merge_release();
    house.settle().await;
    house.github.set_odds(Odds::default());
    house.look_again("another hour is over").await;
    assert_eq!(house.tags(), ["v0.1.0"], "seed {seed}: {:?}", house.told);
    assert_eq!(house.releases(), ["v0.1.0"], "seed {seed}: {:?}", house.told);
    assert!(house.open().is_empty(), "seed {seed}: {:?}", house.told);
    assert_eq!(house.github.reference(REPO, "refs/heads/pointsman--release--main"), None, "seed {seed}");
    let dead = |told: &&Told| {
        matches!(told, Told::Orchestrator(Outcome::Rejected(_)) | Told::Automator(Outcome::Rejected(_)))
    };
    let dead: Vec<_> = house.told.iter().filter(dead).collect();
    assert!(dead.is_empty(), "seed {seed}: {dead:?}");
}

#[tokio::test]
async fn whatever_goes_wrong_there_is_one_pull_request_one_tag_one_release() {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        schedule(seed).await;
    }
}
