//! The moves, each a few writes that are safe to repeat: tree, commit, ref by claim or compare-and-swap, pull request.

use std::collections::HashMap;

use pointsman_core::{
    port::{ErrorKind, PortError},
    release::Sha,
};
use pointsman_github::{
    Claim, IssueState, NewPull, NewTree, Opened, PullChange, PullRequest, RefName, Refusal, Swap, late,
};
use tracing::warn;

use crate::{
    decide::Head,
    desk::Desk,
    gather::{self, Ground, Lane},
    known,
    propose::Proposed,
};

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is done, on this pull request.
    Done(Option<u64>),
    /// What it was decided on is no longer so: read again, start over.
    Moved,
}

/// A file that is not there yet is a plain one.
const PLAIN: &str = "100644";

/// Claims the branch and opens the pull request.
pub(crate) async fn open(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    proposed: &Proposed<'_>,
    rebuild: bool,
) -> Result<Applied, PortError> {
    let branch = RefName::branch(&lane.branch)?;
    let Some(commit) = commit(desk, ground, proposed).await? else { return Ok(Applied::Moved) };
    if let Claim::Taken(there) = desk.repository.claim(&branch, &commit).await?
        && !taken_over(desk, ground, lane, proposed, &there, &commit, rebuild).await?
    {
        return Ok(Applied::Moved);
    }
    let new = NewPull {
        head: lane.branch.clone(),
        base: ground.target.clone(),
        title: proposed.proposal.title.clone(),
        body: proposed.proposal.body.clone(),
        draft: ground.settings.pull_request.draft,
    };
    match desk.repository.open_pull(&new).await? {
        Opened::Made(pull) | Opened::There(pull) => retouch(desk, ground, &pull, proposed).await,
        Opened::NoCommits => Ok(Applied::Moved),
    }
}

/// A branch without an open pull request: another run's, which was killed before it opened one, or a leftover. Says
/// whether the branch now has what is proposed.
async fn taken_over(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    proposed: &Proposed<'_>,
    there: &Sha,
    commit: &Sha,
    rebuild: bool,
) -> Result<bool, PortError> {
    let head = gather::head(desk, there).await?;
    match &head {
        Head::Ours { hash, .. } if *hash == proposed.proposal.fingerprint => return Ok(true),
        Head::Ours { base, .. } => not_overtaken(desk, ground, base).await?,
        // The branch of a pull request that was merged or closed: what is on it was judged there.
        _ if rebuild || lane.pulls.iter().any(|pull| pull.head.sha == *there) => {}
        _ => {
            return Err(PortError::invalid(format!(
                "the branch {} of {} has commits that are not ours, and no pull request: delete it, or give it another name",
                lane.branch, desk.place.name
            )));
        }
    }
    let branch = RefName::branch(&lane.branch)?;
    Ok(desk.repository.swap(&branch, Some(there), Some(commit)).await? == Swap::Done)
}

/// Moves the branch from where it was read, then brings the pull request's text up to date.
pub(crate) async fn shift(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    pull: &PullRequest,
    proposed: &Proposed<'_>,
) -> Result<Applied, PortError> {
    if let Head::Ours { base, .. } = &lane.head {
        not_overtaken(desk, ground, base).await?;
    }
    let Some(commit) = commit(desk, ground, proposed).await? else { return Ok(Applied::Moved) };
    let branch = RefName::branch(&lane.branch)?;
    match desk.repository.swap(&branch, Some(&pull.head.sha), Some(&commit)).await? {
        Swap::Done => retouch(desk, ground, pull, proposed).await,
        Swap::Other(_) => Ok(Applied::Moved),
    }
}

/// The pull request's title, body and labels, where they are not as they should be.
pub(crate) async fn retouch(
    desk: &Desk<'_>,
    ground: &Ground,
    pull: &PullRequest,
    proposed: &Proposed<'_>,
) -> Result<Applied, PortError> {
    let Proposed { proposal, .. } = proposed;
    if !proposal.is_said(&pull.title, pull.body.as_deref().unwrap_or_default()) {
        let change = PullChange {
            title: Some(proposal.title.clone()),
            body: Some(proposal.body.clone()),
            ..PullChange::default()
        };
        desk.repository.update_pull(pull.number, &change).await?;
    }
    let labels = lacking(ground, pull);
    if !labels.is_empty()
        && let Err(error) = desk.repository.add_labels(pull.number, &labels).await
    {
        if !matches!(error.kind, ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::NotFound) {
            return Err(error);
        }
        warn!(%error, pull = pull.number, "labels are for people: without them it goes on");
    }
    Ok(Applied::Done(Some(pull.number)))
}

/// Labels that the pull request should have and has not.
pub(crate) fn lacking(ground: &Ground, pull: &PullRequest) -> Vec<String> {
    let has = |name: &String| pull.labels.iter().any(|label| label.name == *name);
    ground.settings.pull_request.labels.iter().filter(|name| !has(name)).cloned().collect()
}

/// Nothing is due any more: says so, deletes the branch (which closes the pull request), closes it where it is not.
pub(crate) async fn close(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    pull: &PullRequest,
) -> Result<Applied, PortError> {
    if let Head::Ours { base, .. } = &lane.head {
        not_overtaken(desk, ground, base).await?;
    }
    let text = if lane.is_left_over() {
        format!(
            "The release settings of `{}` no longer ask for this pull request, so it is closed. What it proposed is in \
             another one, as far as it is still to be released.",
            ground.target
        )
    } else {
        format!(
            "There is nothing to release on `{}` any more, so this pull request is closed. The next change that is to be \
             released opens a new one.",
            ground.target
        )
    };
    desk.repository.tell(pull.number, desk.stage.app, "nothing-due", &text).await?;
    let branch = RefName::branch(&lane.branch)?;
    match desk.repository.swap(&branch, Some(&pull.head.sha), None).await? {
        Swap::Done | Swap::Other(None) => {}
        Swap::Other(Some(_)) => return Ok(Applied::Moved),
    }
    let change = PullChange { state: Some(IssueState::Closed), ..PullChange::default() };
    desk.repository.update_pull(pull.number, &change).await?;
    Ok(Applied::Done(Some(pull.number)))
}

/// A person's commits are on the branch: they stay, and this is said once.
pub(crate) async fn keep(desk: &Desk<'_>, pull: &PullRequest) -> Result<Applied, PortError> {
    let head = &pull.head.sha;
    let what = format!("kept/{}/{head}", pull.number);
    if !known::is_done(desk.place, &what, desk.records()).await? {
        let text = format!(
            "There are commits on this branch that Pointsman did not make (the newest is {head}). They are kept, and the \
             branch is not brought up to date any more.\n\n`/pointsman rebuild`, as a comment's first word, makes it anew, \
             without them."
        );
        desk.repository.tell(pull.number, desk.stage.app, "foreign-commits", &text).await?;
        known::done(desk.place, &what, desk.records()).await?;
    }
    Ok(Applied::Done(Some(pull.number)))
}

/// Tree and commit, which nobody sees yet; `None` = the target moved meanwhile.
async fn commit(desk: &Desk<'_>, ground: &Ground, proposed: &Proposed<'_>) -> Result<Option<Sha>, PortError> {
    let base = ground.source.head_tree().await?;
    let modes: HashMap<String, String> = desk
        .repository
        .tree(&ground.head)
        .await?
        .tree
        .into_iter()
        .map(|entry| (entry.path, entry.mode))
        .collect();
    let mut tree = NewTree::on(base);
    for (path, content) in &proposed.files {
        tree.put(path, modes.get(*path).map_or(PLAIN, String::as_str), content);
    }
    let tree = match desk.repository.create_tree(&tree).await {
        Err(error) if Refusal::of(&error) == Some(Refusal::UnknownCommit) => return Ok(None),
        other => other?,
    };
    let message = proposed.proposal.message(&tree);
    let commit = desk.repository.create_commit(&message, &tree, std::slice::from_ref(&ground.head)).await?;
    let made = Head::Ours {
        sha: commit.sha.clone(),
        base: ground.head.clone(),
        hash: proposed.proposal.fingerprint.clone(),
        made: commit.author.and_then(|by| by.date),
    };
    known::keep_head(desk.place, &proposed.proposal.branch, &made, desk.records()).await?;
    let now = desk.repository.head(&ground.branch).await?;
    Ok((now.as_ref() == Some(&ground.head)).then_some(commit.sha))
}

/// What another run made of a later head than the one that we read is not overwritten: our read was a late one.
async fn not_overtaken(desk: &Desk<'_>, ground: &Ground, theirs: &Sha) -> Result<(), PortError> {
    // Once the event is old, what GitHub shows is no late read any more: somebody moved the branch back.
    if *theirs == ground.head || ground.forced || !desk.is_young() {
        return Ok(());
    }
    // Most often it is one of the commits since the last release, which were read already.
    if ground.source.has_listed(theirs) {
        return Ok(());
    }
    let standing = desk.repository.standing(&ground.head, theirs).await?;
    if standing.is_some_and(|standing| standing.reaches()) {
        return Err(late::soon(format!(
            "GitHub showed {} as it was before its newest commit",
            ground.target
        )));
    }
    Ok(())
}
