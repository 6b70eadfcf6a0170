//! The stage `recover` over the drill's house; it may be killed like intake, and goes on the next time.

use std::sync::Arc;

use pointsman_env::EnvSecrets;
use pointsman_github::{App, Github, HookPlace, Pace, Ports as GithubPorts};
use pointsman_recover::{Ask, Hook, Ports, Ran, Recover, Report};

use crate::{house::House, process::Process};

/// One run; nothing when the process is dead, dies, or another run has the lease.
pub async fn run(house: &House) -> Option<Report> {
    let process = house.door.running()?;
    let rules = house.door.plan.rules().await;
    let recover = stage(house, &process);
    let ran = tokio::select! {
        biased;
        () = house.door.fate.killed.notified() => {
            house.door.kill();
            return None;
        }
        ran = recover.run(&rules, Ask { apply: true, ..Ask::default() }) => ran.unwrap(),
        never = process.gate.pass_time() => match never {},
    };
    match ran {
        Ran::Done(report) => Some(*report),
        Ran::Held(_) => None,
    }
}

/// What a run found that is not settled yet, or that it has just settled.
pub fn open(report: &Report) -> u64 {
    assert_eq!(report.faults, [""; 0]);
    let all = report.tallies().into_iter();
    report.left + all.map(|(_, it)| it.recovered() + it.waiting + it.failing + it.lost).sum::<u64>()
}

fn stage(house: &House, process: &Process) -> Recover {
    let store = &process.gate.store;
    let ports = Ports {
        archive: process.gate.clone(),
        records: process.gate.clone(),
        pipeline: process.pipeline.clone(),
    };
    let identity = App {
        id: house.app.id.to_string(),
        private_key: "file:app.pem".parse().unwrap(),
        base_url: house.github.base_url().parse().unwrap(),
    };
    let client = GithubPorts {
        http: house.github.clone(),
        records: Some(store.records.clone()),
        clock: house.clock.clone(),
        secrets: Arc::new(EnvSecrets::new(house.folder.path())),
    };
    let github = Github::at_pace(identity, client, Pace::UNHURRIED);
    let hook = Hook { source: "github".into(), github, place: HookPlace::App };
    Recover { ports, hooks: vec![hook], name: "a drill".into(), watch: None }
}
