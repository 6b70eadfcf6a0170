//! Draws docs/dashboard.svg: the scene is played for ninety seconds before a real Prometheus, which is then asked what each
//! panel asks. `scripts/bench dashboard [FILE]` builds the program and starts this. It measures nothing.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use jiff::Timestamp;
use pointsman_tests::{
    dashboard::{
        panels, picture,
        scene::{Act, Scene},
    },
    house,
    prometheus::{Prometheus, program},
};

const SEED: u64 = 20_261_122;
const TIME: Duration = Duration::from_secs(90);
/// A day in ninety seconds.
const ACTS: [(u64, Act); 14] = [
    (4, Act::Merge("feat: greet")),
    (12, Act::Run(&["subscriptions", "pause", "deploys"])),
    (14, Act::Stray),
    (18, Act::Merge("fix: greet once")),
    (26, Act::Uninstall),
    (31, Act::Merge("fix: greet politely")),
    (38, Act::Merge("feat: bow")),
    (43, Act::Stray),
    (47, Act::Run(&["subscriptions", "resume", "deploys"])),
    (52, Act::Merge("fix: bow lower")),
    (58, Act::Replay),
    (66, Act::Merge("feat: wave")),
    (70, Act::Run(&["dead-letters", "billing", "bury", "--all"])),
    (78, Act::Merge("fix: wave back")),
];

/// Webhooks a second: waves, and a burst of ten seconds.
fn rate(at: Duration) -> Option<f64> {
    let seconds = at.as_secs_f64();
    let wave = 24.0 + 12.0 * (seconds / 9.0).sin() + 5.0 * (seconds / 2.3).sin();
    let burst = if (34.0..44.0).contains(&seconds) { 70.0 } else { 0.0 };
    (at < TIME).then_some(wave + burst)
}

fn main() -> ExitCode {
    let file = std::env::args().skip(1).find(|arg| arg != "--bench");
    let file = house::root().join(file.map_or_else(|| PathBuf::from("docs/dashboard.svg"), PathBuf::from));
    let Some(program) = program("prometheus") else { return ExitCode::FAILURE };
    let scene = Scene::start(SEED);
    let prometheus = Prometheus::start(&program, &scene.server.url);
    let since = Timestamp::now();
    scene.send(SEED, rate);
    scene.play(&ACTS, TIME);
    let asked = panels().into_iter().map(|panel| {
        let ask =
            |expr: &str| prometheus.ask_since(expr, since).unwrap_or_else(|error| panic!("{expr}: {error}"));
        let found = panel.targets.iter().map(|target| ask(&target.expr)).collect();
        (panel, found)
    });
    let asked: Vec<_> = asked.collect();
    let note = format!(
        "GitHub's own payloads for {} s, consumers that now and then fail, a build for tests",
        TIME.as_secs()
    );
    let time = (since.as_millisecond() as f64 / 1000.0, TIME.as_secs_f64());
    fs::write(&file, picture::draw(&asked, time, &note)).expect("the picture can be written");
    println!("drawn: {}", file.display());
    ExitCode::SUCCESS
}
