//! Repositories' names by their numbers, asked for once a day an installation or organisation, kept in Records.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use pointsman_core::port::{ErrorKind, Expect, PortError};
use pointsman_github::HookPlace;

use super::{group::Group, scope};
use crate::{Hook, turn::Turn};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A record has 64 kB at most.
const LONGEST: usize = 48_000;
/// What JSON adds to a number and a name.
const AROUND: usize = 28;
/// An installation has no more of such records.
const RECORDS: usize = 1_000;

type Known = BTreeMap<u64, String>;

/// Of one webhook, for one run.
pub(crate) struct Names<'a> {
    hook: &'a Hook,
    known: HashMap<String, Known>,
}

impl<'a> Names<'a> {
    pub fn new(hook: &'a Hook) -> Self {
        Self { hook, known: HashMap::new() }
    }

    pub fn hook(&self) -> &'a Hook {
        self.hook
    }

    /// The name, lower-cased. None: it is not known. A limit of GitHub's is an error.
    pub async fn of(&mut self, turn: &Turn<'_>, group: &Group, id: u64) -> Result<Option<String>, PortError> {
        let Some(scope) = scope(&self.hook.place, group) else { return Ok(None) };
        if !self.known.contains_key(&scope) {
            let known = self.read(turn, &scope, group).await?;
            self.known.insert(scope.clone(), known);
        }
        Ok(self.known[&scope].get(&id).cloned())
    }

    async fn read(&self, turn: &Turn<'_>, scope: &str, group: &Group) -> Result<Known, PortError> {
        let prefix = format!("recover/names/{}/{scope}/", self.hook.source);
        let records = turn.ports.records.list(&prefix, None, RECORDS).await?;
        if !records.is_empty() {
            let read = records.iter().filter_map(|it| serde_json::from_slice::<Known>(&it.value).ok());
            return Ok(read.flatten().collect());
        }
        match self.asked(group).await {
            Ok(known) => {
                if turn.ask.apply {
                    keep(turn, &prefix, &known).await?;
                }
                Ok(known)
            }
            Err(error) if matches!(error.kind, ErrorKind::Throttled { .. }) => Err(error),
            Err(error) => {
                tracing::warn!(%error, source = self.hook.source, "repositories of `{scope}` cannot be listed: what is of them counts as wanted");
                Ok(Known::new())
            }
        }
    }

    async fn asked(&self, group: &Group) -> Result<Known, PortError> {
        let github = &self.hook.github;
        let all = match (&self.hook.place, group.installation) {
            (HookPlace::App, Some(id)) => github.installation(id).repositories().await?,
            (HookPlace::Organisation { login, .. }, _) => github.organisation_repositories(login).await?,
            _ => Vec::new(),
        };
        Ok(all.into_iter().map(|it| (it.id, it.full_name.to_lowercase())).collect())
    }
}

async fn keep(turn: &Turn<'_>, prefix: &str, known: &Known) -> Result<(), PortError> {
    let mut parts = vec![Known::new()];
    let mut size = 0;
    for (id, name) in known {
        size += name.len() + AROUND;
        if size > LONGEST {
            parts.push(Known::new());
            size = name.len() + AROUND;
        }
        parts.last_mut().expect("there is one from the start").insert(*id, name.clone());
    }
    for (index, part) in parts.iter().enumerate() {
        let value = serde_json::to_vec(part).expect("numbers and names are always JSON");
        let (key, until) = (format!("{prefix}{index:04}"), Some(turn.now + DAY));
        turn.ports.records.put_if(&key, value.into(), Expect::Anything, until).await?;
    }
    Ok(())
}
