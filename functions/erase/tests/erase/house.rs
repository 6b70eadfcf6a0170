//! A store with everything of several repositories and installations in it, and all of it as text, to be compared.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    config,
    delivery::Headers,
    facts::Repository,
    ledger::Unrouted,
    outcome::Outcome,
    pipeline::{self, Request, ingest},
    port::{Ask, Expect, QueueName, Received},
    release::errand::{Errand, Place},
    rules::Rules,
    sending::Inline,
};
use pointsman_embedded::{Options, Ports as All, Store};
use pointsman_env::EnvSecrets;
use pointsman_erase::{Ports, Removed, Scope, erase};
use pointsman_tests::sign;

const CONFIG: &str = r#"
sources: { github: { secrets: ["literal:s"] } }
subscriptions:
  - { name: all, events: ["*"] }
  - { name: jobs, events: [push] }
retention: { erase_on_uninstall: true }
"#;

/// Whose things are in the store: a tag that all of them carry, the repository, the installation.
pub const OWNERS: &[(&str, Option<&str>, u64)] = &[
    ("tag-web-end", Some("Acme/Web"), 7),
    ("tag-web-2-end", Some("acme/web-2"), 7),
    ("tag-eb-end", Some("acme/we"), 7),
    ("tag-org-7-end", None, 7),
    ("tag-other-end", Some("other/web"), 77),
    ("tag-org-77-end", None, 77),
];

pub struct House {
    pub store: Store,
    pub all: All,
    pub clock: Arc<TurnedClock>,
    rules: Rules,
    _folder: tempfile::TempDir,
}

pub fn name(queue: &str) -> QueueName {
    queue.parse().unwrap()
}

pub fn repository(name: &str) -> Scope {
    Scope::Repository(Repository::parse(name).unwrap())
}

fn ask(max: usize) -> Ask {
    Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions: None }
}

fn payload(tag: &str, repository: Option<&str>, installation: u64) -> String {
    let repository = repository.map_or(String::new(), |name| {
        format!(r#""repository":{{"full_name":"{name}","url":"https://api.github.com/repos/{name}"}},"#)
    });
    format!(
        r#"{{"ref":"refs/heads/main","note":"{tag}",{repository}"installation":{{"id":{installation}}}}}"#
    )
}

impl House {
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::default());
        let config = config::parse(CONFIG).unwrap().config;
        let rules = Rules::load(&config, &EnvSecrets::new(folder.path())).await.unwrap();
        let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
        let store = Store::open(folder.path(), options).await.unwrap();
        Self { all: store.ports(), store, clock, rules, _folder: folder }
    }

    /// With everything of all owners.
    pub async fn full() -> Self {
        let house = Self::empty().await;
        for (tag, repository, installation) in OWNERS {
            let payload = payload(tag, *repository, *installation);
            house.take(&payload, ("application/json", "push"), &format!("{tag}-json"), None).await;
            let form: String =
                form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
            let id = format!("{tag}-form");
            house.take(&form, ("application/x-www-form-urlencoded", "issues"), &id, None).await;
            house.take(&payload, ("application/json", "issues"), &format!("{tag}-reference"), Some(10)).await;
            let lost = format!("{tag}-lost");
            let key = house.take(&payload, ("application/json", "issues"), &lost, Some(10)).await;
            house.all.archive.delete(&key.expect("it is archived")).await.unwrap();
            assert!(house.take(&payload, ("application/json", ""), "-", None).await.is_none(), "no event");
            house.records(tag, *repository, *installation).await;
        }
        // One of each owner's dies.
        let jobs = name("jobs");
        for message in house.held("jobs", 100).await {
            let dead = house.all.receiver.dead_letter(&jobs, &message.receipt, "failed", "it broke");
            dead.await.unwrap();
        }
        house
    }

    /// Takes a delivery in by the front door; says its key, if it was accepted.
    pub async fn take(
        &self,
        body: &str,
        (content_type, event): (&str, &str),
        id: &str,
        inline_limit: Option<usize>,
    ) -> Option<String> {
        let signature = sign("s", body.as_bytes());
        let headers = [
            ("Content-Type", content_type),
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", id),
            ("X-Hub-Signature-256", &signature),
        ];
        let headers: Headers = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let (body, peer) = (Bytes::from(body.to_owned()), [192, 0, 2, 1].into());
        let request = Request { source: "github".into(), headers, body, peer };
        let ports = pipeline::Ports {
            ledger: self.all.ledger.clone(),
            archive: self.all.archive.clone(),
            clock: self.clock.clone(),
            inline: Inline { limit: inline_limit, carries: None },
        };
        let accepted = matches!(ingest(request, &self.rules, &ports).await.unwrap(), Outcome::Done(_));
        accepted.then(|| format!("deliveries/github/2026/01/01/00/-.{id}"))
    }

    /// What stages keep, what could not be sent, and an errand of theirs.
    async fn records(&self, tag: &str, repository: Option<&str>, installation: u64) {
        let unrouted = Unrouted {
            archive: format!("deliveries/github/2026/01/01/00/-.{tag}-json"),
            queues: [(name("all"), "it was down".to_owned())].into(),
            since: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        self.put(&format!("unrouted/github/-.{tag}-json"), unrouted.encode()).await;
        let path =
            repository.map_or("/installation/repositories".into(), |name| format!("/repos/{name}/pulls"));
        let answer = format!(
            r#"{{"note":"{tag}","body":[],"about":{{"installation":{installation},"path":"{path}"}}}}"#
        );
        self.put(&format!("github/answers/{tag}"), answer.into()).await;
        let Some(repository) = repository else { return };
        let key = repository.to_lowercase();
        let known = format!(r#"{{"note":"{tag}","installation":{installation}}}"#);
        self.put(&format!("release/repositories/{key}"), known.into()).await;
        for below in ["floors/{}/12", "heads/{}/release/main", "settings/{}/main", "done/{}/command/1"] {
            self.put(&format!("release/{}", below.replace("{}", &key)), tag.to_owned().into()).await;
        }
        let place = Place { name: repository.into(), node: Some(tag.into()), installation };
        let errand = Errand::Reconcile { targets: [].into(), because: tag.into() };
        let message = errand.message(&place, "2026-01-01T00:00:00Z".parse().unwrap(), None);
        self.all.queue.send(&name("all"), vec![message]).await.remove(0).unwrap();
    }

    pub async fn put(&self, key: &str, value: Bytes) {
        self.all.records.put_if(key, value, Expect::Anything, None).await.unwrap();
    }

    pub async fn held(&self, queue: &str, max: usize) -> Vec<Received> {
        self.all.receiver.receive(&name(queue), ask(max)).await.unwrap()
    }

    pub fn ports(&self) -> Ports {
        Ports {
            archive: self.all.archive.clone(),
            queues: self.all.admin.clone(),
            records: self.all.records.clone(),
            clock: self.clock.clone(),
        }
    }

    pub async fn erase(&self, scope: &Scope, dry_run: bool) -> Removed {
        erase(scope, &self.ports(), dry_run, &mut |_| {}).await.unwrap()
    }

    /// Everything that is in the store, byte for byte.
    pub async fn everything(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for row in self.all.archive.list("", None, 10_000).await.unwrap() {
            let object = self.all.archive.get(&row.key).await.unwrap();
            all.insert(format!("archive {}", row.key), format!("{} {object:?}", row.stored));
        }
        for record in self.all.records.list("", None, 10_000).await.unwrap() {
            all.insert(format!("record {}", record.key), format!("{record:?}"));
        }
        for queue in self.all.admin.list().await.unwrap() {
            for queue in [queue.dead_letters(), queue] {
                for message in self.all.admin.peek(&queue, None, 10_000).await.unwrap() {
                    let text = String::from_utf8_lossy(&message.body).into_owned();
                    all.insert(format!("message {queue} {}", message.id.0), format!("{text} {message:?}"));
                }
            }
        }
        all
    }
}

/// What is there without those that carry one of these tags.
pub fn without(all: &BTreeMap<String, String>, tags: &[&str]) -> BTreeMap<String, String> {
    let ours = |text: &str| tags.iter().any(|tag| text.contains(tag));
    let kept = |(key, value): &(&String, &String)| {
        !ours(key) && !ours(value) && !tags.iter().any(|tag| of_repository(key, tag))
    };
    all.iter().filter(kept).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Records of the release stages carry their tag in their value, which prints as bytes.
fn of_repository(key: &str, tag: &str) -> bool {
    let owner = OWNERS.iter().find(|(known, ..)| known == &tag);
    let Some((_, Some(name), _)) = owner else { return false };
    let Some((_, rest)) = key.strip_prefix("record release/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let name = name.to_lowercase();
    rest == name || rest.starts_with(&format!("{name}/"))
}
