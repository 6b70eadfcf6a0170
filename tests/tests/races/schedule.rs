//! What happens in one schedule, all of it from its seed: what people do, in which order, and how much goes wrong.

use std::collections::BTreeSet;

use fastrand::Rng;
use pointsman_fake_github::Odds;

/// One schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub seed: u64,
    /// Pull requests that are open from the start, merged one after the other.
    pub features: Vec<Feature>,
    /// What people do, in this order.
    pub acts: Vec<Act>,
    /// The repository's settings file.
    pub settings: Option<&'static str>,
    /// The repository has components, each with a release pull request of its own.
    pub separate: bool,
    pub odds: Odds,
    /// Invocations that are killed.
    pub kills: u32,
    /// Times that an invocation stands still until its hold is over.
    pub freezes: u32,
    /// How much more often people act than machines.
    pub haste: u32,
}

/// A pull request of a change.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Its commits' messages; the first line of the first is the title.
    pub commits: Vec<String>,
    pub method: &'static str,
    /// The folder that it changes.
    pub folder: &'static str,
}

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Merges this feature.
    Merge(usize),
    /// Pushes a commit that is no pull request's.
    Push { message: String, file: String },
    /// Reverts this feature with a push.
    Revert(usize),
    /// Merges a release pull request, if one is open: of several, the one of this number.
    Release { which: usize, method: &'static str },
    /// Writes into the notes of the open release pull request.
    Note(usize),
    /// Comments on the open release pull request.
    Say(&'static str),
}

const METHODS: [&str; 3] = ["squash", "merge", "rebase"];

const TALKATIVE: &str = "release:\n  pull_request: { comment_released: true, annotated_tag: true }\n";

const SEPARATE: &str = "release:\n  components:\n    web: { path: web }\n    api: { path: api }\n  pull_request: { separate: true }\n";

const TOGETHER: &str = "release:\n  components:\n    web: { path: web }\n    api: { path: api }\n  pull_request: { comment_released: true }\n";

impl Schedule {
    /// The schedule of this seed, with 2 to `most` merges.
    pub fn of(seed: u64, most: usize) -> Self {
        let mut dice = Rng::with_seed(seed);
        let features: Vec<Feature> =
            (0..dice.usize(2..=most)).map(|number| feature(&mut dice, number)).collect();
        let settings = pick(&mut dice, &[None, None, Some(TALKATIVE), Some(TOGETHER), Some(SEPARATE)]);
        let acts = acts(&mut dice, &features);
        let odds = odds(&mut dice);
        Self {
            seed,
            acts,
            features,
            settings,
            separate: settings == Some(SEPARATE),
            odds,
            kills: pick(&mut dice, &[0, 1, 1, 2, 4, 8]),
            freezes: pick(&mut dice, &[0, 0, 1, 2, 4]),
            haste: pick(&mut dice, &[1, 4, 20, 100]),
        }
    }
}

fn pick<T: Copy>(dice: &mut Rng, all: &[T]) -> T {
    all[dice.usize(..all.len())]
}

fn odds(dice: &mut Rng) -> Odds {
    let faults = pick(dice, &[0.0, 0.01, 0.03]);
    let hooks = pick(dice, &[0.0, 0.1, 0.4]);
    Odds {
        lost: faults,
        timed_out: faults,
        bad_gateway: faults,
        limited: faults / 3.0,
        stale: faults,
        webhook_lost: hooks,
        webhook_twice: hooks / 2.0,
        webhook_late: hooks / 2.0,
    }
}

fn feature(dice: &mut Rng, number: usize) -> Feature {
    let message = |dice: &mut Rng, part: usize| match dice.u8(0..10) {
        0..4 => format!("feat: build part {number}.{part}"),
        4..7 => format!("fix(core): mend part {number}.{part}"),
        7 => format!("feat!: rebuild part {number}.{part}"),
        8 => format!("fix: turn part {number}.{part}\n\nBREAKING CHANGE: part {number}.{part} turns left"),
        _ => format!("chore: dust part {number}.{part}"),
    };
    let commits = (0..dice.usize(1..=3)).map(|part| message(dice, part)).collect();
    Feature { commits, method: pick(dice, &METHODS), folder: pick(dice, &["web", "api"]) }
}

fn acts(dice: &mut Rng, features: &[Feature]) -> Vec<Act> {
    let mut left: Vec<usize> = (0..features.len()).collect();
    dice.shuffle(&mut left);
    let mut merged = Vec::new();
    let mut reverted = BTreeSet::new();
    let mut acts = Vec::new();
    while let Some(next) = left.pop() {
        acts.push(Act::Merge(next));
        merged.push(next);
        match dice.u8(0..20) {
            0..5 => acts.push(Act::Release { which: dice.usize(0..2), method: pick(dice, &METHODS) }),
            5 | 6 => acts.push(push(dice, acts.len())),
            7 => {
                let one = pick(dice, &merged);
                if reverted.insert(one) {
                    acts.push(Act::Revert(one));
                }
            }
            8 | 9 => acts.push(Act::Note(acts.len())),
            10 => acts.push(Act::Say("/pointsman help")),
            11 => acts.push(Act::Say("/pointsman rebuild")),
            _ => {}
        }
    }
    acts
}

fn push(dice: &mut Rng, number: usize) -> Act {
    let kind = pick(dice, &["fix", "docs", "feat", "chore"]);
    Act::Push { message: format!("{kind}: push {number}"), file: format!("web/push-{number}.txt") }
}
