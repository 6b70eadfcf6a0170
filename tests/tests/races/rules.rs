//! What holds after every single write, whoever is in the middle of what.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use pointsman_fake_github::FakeGithub;
use serde_json::Value;

use crate::world::REPO;

/// What was seen so far, and must stay.
#[derive(Default)]
pub struct Rules(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    tags: BTreeMap<String, String>,
    /// Published releases: id and tag.
    published: BTreeMap<u64, String>,
    /// What people made of the target branch.
    mains: BTreeSet<String>,
    log: Vec<String>,
}

impl Rules {
    /// A person moved the target branch there.
    pub fn moved(&self, head: &str) {
        self.0.lock().unwrap().mains.insert(head.to_owned());
    }

    /// Notes what happened, for who looks into a failure.
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().log.push(what.into());
    }

    /// All that happened.
    pub fn log(&self) -> Vec<String> {
        self.0.lock().unwrap().log.clone()
    }

    /// Panics with the rule that is broken.
    pub fn check(&self, github: &FakeGithub, what: &str) {
        let snapshot = github.snapshot(REPO);
        let mut seen = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.log.push(what.to_owned());
        let broken = seen.broken(&snapshot);
        drop(seen);
        assert!(broken.is_none(), "after {what}: {}", broken.unwrap_or_default());
    }
}

impl Seen {
    fn broken(&mut self, snapshot: &Value) -> Option<String> {
        self.twins(snapshot).or_else(|| self.refs(snapshot)).or_else(|| self.releases(snapshot))
    }

    fn twins(&self, snapshot: &Value) -> Option<String> {
        let mut open = BTreeSet::new();
        let pulls = snapshot["pulls"].as_array().unwrap().iter().filter(|pull| pull["state"] == "open");
        for pull in pulls {
            let key = format!("{} into {}", pull["head"]["label"], pull["base"]["ref"]);
            if !open.insert(key.clone()) {
                return Some(format!("two pull requests of {key} are open"));
            }
        }
        None
    }

    fn refs(&mut self, snapshot: &Value) -> Option<String> {
        let refs = snapshot["refs"].as_object().unwrap();
        for (name, sha) in &self.tags {
            if refs.get(name).and_then(Value::as_str) != Some(sha) {
                return Some(format!("the tag {name} was at {sha}, and is at {:?}", refs.get(name)));
            }
        }
        let tags = refs.iter().filter(|(name, _)| name.starts_with("refs/tags/"));
        self.tags.extend(tags.map(|(name, sha)| (name.clone(), sha.as_str().unwrap().to_owned())));
        let main = refs["refs/heads/main"].as_str().unwrap();
        (!self.mains.contains(main)).then(|| format!("main is at {main}, where no person moved it"))
    }

    fn releases(&mut self, snapshot: &Value) -> Option<String> {
        let published = |it: &&Value| it["draft"] == false;
        let now: BTreeMap<u64, String> = snapshot["releases"]
            .as_array()
            .unwrap()
            .iter()
            .filter(published)
            .map(|it| (it["id"].as_u64().unwrap(), it["tag_name"].as_str().unwrap().to_owned()))
            .collect();
        for (id, tag) in &self.published {
            if now.get(id) != Some(tag) {
                return Some(format!("the published release {id} of {tag} is now {:?}", now.get(id)));
            }
        }
        let tags: BTreeSet<&String> = now.values().collect();
        if tags.len() != now.len() {
            return Some(format!("two releases of one tag are published: {now:?}"));
        }
        self.published = now;
        None
    }
}
