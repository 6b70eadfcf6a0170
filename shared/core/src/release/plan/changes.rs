//! Commits as changes: a merge's and a squash's are there once, and a pull request's body may say it better.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::cancel;
use crate::release::{
    Commit, Message, Pull, Settings, Sha,
    message::{bare, nested, overrides, pull_number},
};

/// One message of a commit.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub commit: Arc<Commit>,
    pub message: Arc<Message>,
    /// Why it is no change of its own, if it is none.
    pub out: Option<String>,
    /// The pull request's description says it, not the commit.
    said: bool,
}

impl Change {
    /// A merge that may stand for what it brought.
    fn is_merge(&self) -> bool {
        self.commit.parents > 1 && self.out.is_none() && !self.said
    }
}

/// Reads commits' messages, each once: components share most of them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    known: HashMap<Sha, Known>,
}

/// A commit with its pull request, what it says, and what else it says.
type Known = (Arc<Commit>, Arc<Message>, Vec<Arc<Message>>);

impl Reader {
    /// Reads all commits (newest first); each has at least one message.
    pub fn read(&mut self, commits: &[Commit], settings: &Settings) -> Vec<Change> {
        let said = said(commits, settings);
        let mut changes = Vec::with_capacity(commits.len());
        let mut told = HashSet::new();
        for commit in commits {
            let (commit, message, further) = self.known(commit);
            let number = commit.pull.as_ref().map(|pull| pull.number);
            let change = |message: &Arc<Message>, said, out| {
                let message = message.clone();
                Change { commit: commit.clone(), message, said, out }
            };
            match number.and_then(|number| Some((number, said.get(&number)?))) {
                Some((number, messages)) if told.insert(number) => {
                    changes.extend(messages.iter().map(|message| change(message, true, None)));
                }
                Some((number, _)) => {
                    let out = format!("overridden by the description of #{number}");
                    changes.push(change(message, true, Some(out)));
                }
                None => {
                    let all = [message].into_iter().chain(further);
                    changes.extend(all.map(|message| change(message, false, None)));
                }
            }
        }
        cancel::reverts(&mut changes);
        merges(&mut changes);
        duplicates(&mut changes);
        changes
    }

    fn known(&mut self, commit: &Commit) -> &Known {
        self.known.entry(commit.sha.clone()).or_insert_with(|| {
            let message = Message::read(&commit.message);
            let further = nested(&commit.message).into_iter().map(Arc::new).collect();
            (Arc::new(numbered(commit)), Arc::new(message), further)
        })
    }
}

/// The overrides, by pull request.
fn said(commits: &[Commit], settings: &Settings) -> HashMap<u64, Vec<Arc<Message>>> {
    let known = |kind: &str| settings.types.get(kind).is_some();
    let pulls = commits.iter().filter_map(|commit| commit.pull.as_ref());
    let said = |pull: &Pull| {
        let messages = overrides(pull.body.as_deref()?, &known)?;
        Some((pull.number, messages.into_iter().map(Arc::new).collect()))
    };
    pulls.filter_map(said).collect()
}

/// The commit with the pull request that its first line names, where nothing better is known.
fn numbered(commit: &Commit) -> Commit {
    let mut commit = commit.clone();
    if commit.pull.is_none() {
        commit.pull = pull_number(first_line(&commit)).map(|number| Pull { number, body: None });
    }
    commit
}

pub(super) fn first_line(commit: &Commit) -> &str {
    commit.message.lines().next().unwrap_or_default().trim()
}

/// A merge stands for its pull request only where none of the commits that it brought says anything.
fn merges(changes: &mut [Change]) {
    let number = |change: &Change| change.commit.pull.as_ref().map(|pull| pull.number);
    let speaks = |change: &&Change| change.commit.parents < 2 && change.message.kind.is_some();
    let spoken: HashSet<u64> = changes.iter().filter(speaks).filter_map(number).collect();
    for change in changes.iter_mut().filter(|change| change.is_merge()) {
        if number(change).is_some_and(|number| spoken.contains(&number)) {
            change.out = Some("a merge: its commits count".into());
        } else if change.message.kind.is_none()
            && first_line(&change.commit).starts_with("Merge pull request #")
        {
            // GitHub puts the pull request's title below its own line.
            let below = change.commit.message.split_once('\n').map(|(_, below)| Message::read(below));
            let title = below.filter(|title| title.kind.is_some());
            match title {
                Some(title) => change.message = Arc::new(title),
                None => change.out = Some("a merge".into()),
            }
        } else if change.message.kind.is_none() && first_line(&change.commit).starts_with("Merge ") {
            change.out = Some("a merge".into());
        }
    }
}

/// The same change of the same pull request, picked into another branch and merged back, counts once: the newest.
/// So does a merge that repeats what a commit of it says.
fn duplicates(changes: &mut [Change]) {
    let key = |change: &Change| {
        let message = &change.message;
        Some((message.kind.clone()?, message.scope.clone(), bare(&message.description).to_owned()))
    };
    let mut by_pull = HashMap::new();
    let mut by_words = HashMap::new();
    for index in 0..changes.len() {
        let change = &changes[index];
        let Some(words) = key(change).filter(|_| change.out.is_none()) else { continue };
        let pull = change.commit.pull.as_ref().map(|pull| (pull.number, words.clone()));
        let before = pull.and_then(|pull| by_pull.insert(pull, index));
        if let Some(before) = before {
            let short = changes[before].commit.sha.short();
            changes[index].out = Some(format!("counted already, as {short}"));
        } else if change.commit.parents < 2 {
            by_words.insert(words, index);
        }
    }
    for index in 0..changes.len() {
        let change = &changes[index];
        let same = key(change).filter(|_| change.is_merge()).and_then(|words| by_words.get(&words));
        if let Some(short) = same.map(|same| changes[*same].commit.sha.short().to_owned()) {
            changes[index].out = Some(format!("a merge: {short} counts"));
        }
    }
}
