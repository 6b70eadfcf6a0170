//! A minute of GitHub's events, by a seed: people at work in three repositories, and an intake that does not stay up.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use pointsman_conformance::TurnedClock;
use pointsman_core::port::Clock as _;
use pointsman_fake_github::{FakeGithub, NewApp, Odds, PRIVATE_KEY};

use crate::{
    consumer::Consumer,
    gate::Fate,
    process::{Door, Plan},
};

const START: &str = "2026-11-21T12:00:00Z";
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const REPOS: [&str; 3] = ["acme/web", "acme/api", "acme/docs"];
const ISSUES: u64 = 3;
const EVENTS: &[&str] = &["push", "issues", "issue_comment"];
const PERMISSIONS: &[(&str, &str)] = &[("contents", "read"), ("issues", "read"), ("metadata", "read")];

pub struct House {
    pub github: Arc<FakeGithub>,
    pub app: NewApp,
    pub clock: Arc<TurnedClock>,
    pub door: Door,
    pub consumer: Consumer,
    pub kills: usize,
    dice: Rng,
    pub folder: tempfile::TempDir,
}

impl House {
    pub async fn new(seed: u64) -> Self {
        // Waits between tries are drawn from this thread's dice.
        fastrand::seed(seed);
        let mut dice = Rng::with_seed(seed);
        let start: Timestamp = START.parse().unwrap();
        let clock = Arc::new(TurnedClock::at(start));
        let github = FakeGithub::new(clock.clone(), seed);
        let app = github.create_app("pointsman", "acme", PERMISSIONS, EVENTS);
        github.set_hook_url(app.id, "https://pointsman.example/webhooks/github");
        for repo in REPOS {
            github.create_repository(repo);
            github.grant(repo, "alice", "admin");
        }
        github.install(app.id, "acme", None);
        github.set_odds(Odds { webhook_lost: 0.1, webhook_twice: 0.1, ..Odds::default() });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let config = format!(
            "sources: {{github: {{secrets: ['literal:{}']}}}}\nsubscriptions:\n  \
             - {{name: consumer, events: ['*']}}\n  - {{name: comments, events: [issue_comment]}}\n",
            app.secret
        );
        let down = start + SignedDuration::from_secs(dice.i64(15..35));
        let fate = Fate::new(clock.clone(), ("consumer", down, down + SignedDuration::from_secs(8)));
        let door = Door::open(Plan { config, data: folder.path().join("data") }, fate).await;
        Self { github, app, clock, door, consumer: Consumer::default(), kills: 0, dice, folder }
    }

    /// The minute.
    pub async fn minute(&mut self) {
        let end = self.clock.now() + MINUTE;
        let mut kills: Vec<Timestamp> = [8, 26, 44]
            .map(|second| end - MINUTE + SignedDuration::from_secs(second + self.dice.i64(0..8)))
            .into();
        let mut revival = end;
        for repo in REPOS {
            for number in 0..ISSUES {
                self.github.person("alice").open_issue(repo, &format!("issue {number}"), None);
            }
        }
        while self.clock.now() < end {
            if kills.first().is_some_and(|at| *at <= self.clock.now()) {
                kills.remove(0);
                self.door.fate.arm(self.dice.u32(0..12), self.dice.bool());
            }
            let was_alive = self.door.running().is_some();
            if !was_alive && revival <= self.clock.now() {
                self.door.revive().await;
            }
            self.act();
            self.github.deliver(&self.door).await;
            if was_alive && self.door.running().is_none() {
                self.kills += 1;
                revival = self.clock.now() + SignedDuration::from_secs(self.dice.i64(2..6));
            }
            if self.dice.u8(0..10) == 0 {
                self.consume().await;
            }
            self.clock.turn(Duration::from_millis(self.dice.u64(100..500)));
        }
        self.door.revive().await;
        self.consume().await;
    }

    /// What somebody does on GitHub.
    fn act(&mut self) {
        let (alice, repo) = (self.github.person("alice"), REPOS[self.dice.usize(0..REPOS.len())]);
        match self.dice.u8(0..12) {
            0 => {
                let text = self.clock.now().to_string();
                alice.commit(repo, "main", &text, &[("README.md", Some(&text))]);
            }
            1 => {
                alice.open_issue(repo, "another", None);
            }
            _ => {
                alice.comment(repo, self.dice.u64(1..=ISSUES), "hello");
            }
        }
    }

    pub async fn consume(&self) {
        if let Some(process) = self.door.running() {
            self.consumer.take(&process, &self.clock).await;
        }
    }
}
