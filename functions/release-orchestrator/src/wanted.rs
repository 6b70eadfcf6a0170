//! What a batch of events asks for. A payload routes and no more: everything that decides is read fresh from GitHub.

use std::collections::{BTreeMap, BTreeSet};

use pointsman_core::{
    event::Envelope,
    port::PortError,
    release::{Sha, command, errand, errand::Place, proposal},
};
use serde::Deserialize;

use crate::known::Known;

/// All that the events of one repository ask for, each thing once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The repository.
    pub place: Place,
    /// Its default branch, where an event told.
    pub default_branch: Option<String>,
    /// Branches that something happened to, and what a read of them must at least show.
    pub branches: BTreeMap<String, Moves>,
    /// All branches that are known as targets.
    pub everything: bool,
    /// Comments with a command.
    pub commands: BTreeSet<Comment>,
    /// Open pull requests that changed.
    pub previews: BTreeSet<u64>,
    /// Release pull requests that were merged.
    pub merged: BTreeSet<u64>,
    /// The trace that the newest event belongs to.
    pub trace: Option<String>,
}

/// Where a branch came from and went to, as the pushes of one batch tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    before: BTreeSet<Sha>,
    after: BTreeSet<Sha>,
    forced: BTreeSet<Sha>,
}

impl Moves {
    /// Whether a read that shows this head was answered from before the push.
    pub fn not_seen_by(&self, head: &Sha) -> bool {
        self.before.contains(head) && !self.after.contains(head)
    }

    /// Whether there was a push.
    pub fn any(&self) -> bool {
        !self.after.is_empty()
    }

    /// Whether somebody moved the branch there by force: then what it held before is no more.
    pub fn forced_to(&self, head: &Sha) -> bool {
        self.forced.contains(head)
    }

    fn join(&mut self, other: Self) {
        self.before.extend(other.before);
        self.after.extend(other.after);
        self.forced.extend(other.forced);
    }
}

/// A comment on a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comment {
    /// The pull request.
    pub pull: u64,
    /// The comment.
    pub id: u64,
}

/// What of a payload says where to look. Whatever else is in it, or is odd in it, is nobody's business here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    r#ref: Option<String>,
    before: Option<Sha>,
    after: Option<Sha>,
    deleted: bool,
    forced: bool,
    repository: Option<Named>,
    installation: Option<Id>,
    number: Option<u64>,
    pull_request: Option<PullRequest>,
    issue: Option<Issue>,
    comment: Option<CommentPayload>,
    targets: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    full_name: String,
    node_id: Option<String>,
    default_branch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    #[serde(default)]
    merged: bool,
    base: Side,
    head: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    r#ref: String,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct CommentPayload {
    id: u64,
    body: Option<String>,
    performed_via_github_app: Option<Id>,
}

/// The types of events that may matter.
const KINDS: [&str; 8] = [
    "com.github.push",
    "com.github.pull_request.closed",
    "com.github.pull_request.edited",
    "com.github.pull_request.opened",
    "com.github.pull_request.reopened",
    "com.github.pull_request.synchronize",
    "com.github.pull_request.ready_for_review",
    "com.github.issue_comment.created",
];

impl Wanted {
    /// Reads a batch. `None` = nothing in it can matter. `app` is our own App, whose comments are no commands.
    pub fn read<'b>(bodies: impl IntoIterator<Item = &'b [u8]>, app: u64) -> Result<Option<Self>, PortError> {
        let mut wanted: Option<Self> = None;
        for body in bodies {
            let envelope = Envelope::read(body)?;
            let Some(one) = Self::of(&envelope, app)? else { continue };
            match &mut wanted {
                None => wanted = Some(one),
                Some(all) => all.join(one)?,
            }
        }
        Ok(wanted.filter(Self::asks))
    }

    fn of(envelope: &Envelope<'_>, app: u64) -> Result<Option<Self>, PortError> {
        let kind = envelope.attribute("type").unwrap_or_default();
        if kind != errand::RECONCILE && !KINDS.contains(&kind.as_str()) {
            return Ok(None);
        }
        let data = envelope.data().ok_or_else(|| errand::without_data(envelope))?;
        let payload: Payload =
            serde_json::from_str(data).map_err(|error| errand::unreadable(envelope, error))?;
        let Some(mut wanted) = Self::at(&payload, envelope) else { return Ok(None) };
        match kind.as_str() {
            "com.github.push" => wanted.push(payload),
            "com.github.pull_request.closed" => wanted.closed(payload),
            "com.github.pull_request.edited" => wanted.edited(payload),
            "com.github.pull_request.opened"
            | "com.github.pull_request.reopened"
            | "com.github.pull_request.synchronize"
            | "com.github.pull_request.ready_for_review" => wanted.changed(&payload),
            "com.github.issue_comment.created" => wanted.commented(payload, app),
            errand::RECONCILE => {
                wanted.everything = payload.targets.is_empty();
                wanted.branches = payload.targets.into_iter().map(|name| (name, Moves::default())).collect();
            }
            _ => {}
        }
        Ok(Some(wanted))
    }

    fn at(payload: &Payload, envelope: &Envelope<'_>) -> Option<Self> {
        let named = payload.repository.as_ref()?;
        let installation = payload.installation.as_ref().map(|it| it.id);
        let installation = installation.or_else(|| envelope.attribute("installation")?.parse().ok())?;
        Some(Self {
            place: Place { name: named.full_name.clone(), node: named.node_id.clone(), installation },
            default_branch: named.default_branch.clone(),
            branches: BTreeMap::new(),
            everything: false,
            commands: BTreeSet::new(),
            previews: BTreeSet::new(),
            merged: BTreeSet::new(),
            trace: envelope.attribute("traceparent"),
        })
    }

    fn push(&mut self, payload: Payload) {
        let Some(branch) = payload.r#ref.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) else {
            return;
        };
        if payload.deleted || proposal::branch_parts(branch).is_some() {
            return;
        }
        let moves = self.branches.entry(branch.to_owned()).or_default();
        moves.before.extend(payload.before);
        moves.forced.extend(payload.after.clone().filter(|_| payload.forced));
        moves.after.extend(payload.after);
    }

    fn closed(&mut self, payload: Payload) {
        let Some(pull) = payload.pull_request.filter(|pull| pull.merged) else { return };
        if proposal::branch_parts(&pull.head.r#ref).is_some() {
            self.merged.extend(payload.number);
        }
        self.branches.entry(pull.base.r#ref).or_default();
    }

    /// A merged pull request's body may override what its commits say; an open one's is in its preview.
    fn edited(&mut self, payload: Payload) {
        match &payload.pull_request {
            Some(pull) if proposal::branch_parts(&pull.head.r#ref).is_some() => {}
            Some(pull) if pull.merged => {
                self.branches.entry(pull.base.r#ref.clone()).or_default();
            }
            _ => self.changed(&payload),
        }
    }

    fn changed(&mut self, payload: &Payload) {
        let ours = |pull: &PullRequest| proposal::branch_parts(&pull.head.r#ref).is_some();
        if payload.pull_request.as_ref().is_some_and(|pull| !ours(pull)) {
            self.previews.extend(payload.number);
        }
    }

    fn commented(&mut self, payload: Payload, app: u64) {
        let (Some(issue), Some(comment)) = (payload.issue, payload.comment) else { return };
        let own = comment.performed_via_github_app.is_some_and(|it| it.id == app);
        let asks = !command::parse(comment.body.as_deref().unwrap_or_default()).is_empty();
        if issue.pull_request.is_some() && asks && !own {
            self.commands.insert(Comment { pull: issue.number, id: comment.id });
        }
    }

    fn join(&mut self, other: Self) -> Result<(), PortError> {
        if self.place.key() != other.place.key() {
            return Err(PortError::invalid(format!(
                "a batch holds events of {} and of {}: the queue's session must be `repository`",
                self.place.name, other.place.name
            )));
        }
        let node = self.place.node.take();
        self.place = Place { node: other.place.node.clone().or(node), ..other.place };
        self.default_branch = other.default_branch.or(self.default_branch.take());
        for (branch, moves) in other.branches {
            self.branches.entry(branch).or_default().join(moves);
        }
        self.everything |= other.everything;
        self.commands.extend(other.commands);
        self.previews.extend(other.previews);
        self.merged.extend(other.merged);
        self.trace = other.trace.or(self.trace.take());
        Ok(())
    }

    /// Without what is known not to matter: branches that no target's pattern names, previews that nobody wants.
    pub(crate) fn without_what_cannot_matter(mut self, known: Option<&Known>) -> Self {
        if let Some(known) = known {
            let default = self.default_branch.as_deref().unwrap_or(&known.default_branch);
            self.branches.retain(|branch, _| branch == default || known.may_be_target(branch));
        }
        if !known.is_some_and(|known| known.preview) {
            self.previews.clear();
        }
        self
    }

    /// The branches that are looked at, with those of pull requests that a comment is on.
    pub(crate) fn targets(&self, known: &Known, more: BTreeSet<String>) -> BTreeMap<String, Moves> {
        let mut targets = self.branches.clone();
        let all = known.targets.iter().chain([&known.default_branch]).filter(|_| self.everything).cloned();
        for target in all.chain(more) {
            targets.entry(target).or_default();
        }
        targets
    }

    /// Whether anything is left to be done.
    pub(crate) fn asks(&self) -> bool {
        self.everything
            || !self.branches.is_empty()
            || !self.commands.is_empty()
            || !self.previews.is_empty()
            || !self.merged.is_empty()
    }
}

#[cfg(test)]
mod tests;
