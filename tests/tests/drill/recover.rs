//! The three sweeps, run by hand over the drill's house.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::SignedDuration;
use pointsman_core::{
    again::{To, Why, again},
    ledger::{Mark, Unrouted},
    port::{Clock as _, Expect},
    rules::Rules,
    stored::Stored,
};
use pointsman_env::EnvSecrets;
use pointsman_github::{App, Github, HookPlace, Pace, Ports as GithubPorts};

use crate::{house::House, process::Process};

/// One run; how much it did.
pub async fn run(house: &House) -> usize {
    let process = house.door.revive().await;
    let rules = house.door.plan.rules().await;
    unrouted(&process, &rules).await + stored(&process, &rules).await + github(house).await
}

async fn send(process: &Process, rules: &Rules, key: &str, terms: (Why<'_>, To<'_>)) {
    let stored = Stored::new(key, process.gate.store.archive.get(key).await.unwrap()).unwrap();
    let made = stored.with_facts(rules, |facts, event| again(facts, event, rules, terms, None)).unwrap();
    let entry = made.entry(&stored.delivery, rules, process.gate.now());
    process.pipeline.ledger.commit(entry).await.unwrap();
}

async fn unrouted(process: &Process, rules: &Rules) -> usize {
    let records = &process.gate.store.records;
    let all = records.list(Unrouted::FOLDER, None, 1000).await.unwrap();
    for record in &all {
        let unrouted = Unrouted::decode(&record.value).unwrap();
        let queues: BTreeSet<_> = unrouted.queues.into_keys().collect();
        send(process, rules, &unrouted.archive, (Why::Rerouted, To::Queues(&queues))).await;
        records.delete(&record.key, Expect::Version(record.version.clone())).await.unwrap();
    }
    all.len()
}

async fn stored(process: &Process, rules: &Rules) -> usize {
    let mut sent = 0;
    let before = process.gate.now() - SignedDuration::from_mins(5);
    for row in process.gate.store.archive.list("deliveries/", None, 1000).await.unwrap() {
        let name = row.key.rsplit('/').next().unwrap();
        let mark = format!("{}github/{name}", Mark::FOLDER);
        if row.stored > before || process.gate.store.records.get(&mark).await.unwrap().is_some() {
            continue;
        }
        send(process, rules, &row.key, (Why::Recovered, To::Matching)).await;
        sent += 1;
    }
    sent
}

async fn github(house: &House) -> usize {
    let deliveries = client(house).deliveries(HookPlace::App);
    let (mut next, mut wanted) = (None, BTreeMap::<String, (u64, bool)>::new());
    loop {
        let page = deliveries.page(next.as_deref()).await.unwrap();
        for row in page.deliveries {
            let known = wanted.entry(row.guid).or_insert((row.id, false));
            known.1 |= (200..300).contains(&row.status_code);
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let failed: Vec<u64> = wanted.into_values().filter(|(_, taken)| !taken).map(|(id, _)| id).collect();
    for id in &failed {
        deliveries.redeliver(*id).await.unwrap();
    }
    failed.len()
}

fn client(house: &House) -> Github {
    let process = house.door.running().unwrap();
    let identity = App {
        id: house.app.id.to_string(),
        private_key: "file:app.pem".parse().unwrap(),
        base_url: house.github.base_url().parse().unwrap(),
    };
    let ports = GithubPorts {
        http: house.github.clone(),
        records: Some(process.gate.store.records.clone()),
        clock: house.clock.clone(),
        secrets: Arc::new(EnvSecrets::new(house.folder.path())),
    };
    Github::at_pace(identity, ports, Pace::UNHURRIED)
}
