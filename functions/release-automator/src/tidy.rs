//! After the release: the label, word to those whose changes it holds, the branch. None of it decides anything.

use std::collections::BTreeMap;

use pointsman_core::port::{ErrorKind, PortError};
use pointsman_github::RefName;
use tracing::warn;

use crate::{check::Checked, desk::Desk, notes::Note};

/// What the orchestrator's pull requests are labelled by default; it says what is no longer true.
const PENDING: &str = "release: pending";
const PUBLISHED: &str = "release: published";

/// Label, comments, branch.
pub(crate) async fn tidy(desk: &Desk<'_>, checked: &Checked, notes: &[Note]) -> Result<(), PortError> {
    forgiven("the label", label(desk, checked).await)?;
    if checked.settings.pull_request.comment_released {
        forgiven("a word on the released pull requests", tell(desk, checked, notes).await)?;
    }
    forgiven("the release branch's end", delete_branch(desk, checked).await)
}

async fn label(desk: &Desk<'_>, checked: &Checked) -> Result<(), PortError> {
    let (number, labels) = (checked.pull.number, &checked.pull.labels);
    let has = |name: &str| labels.iter().any(|label| label.name == name);
    // It may have been merged before it got the label that it should have had.
    let wanted = has(PENDING) || checked.settings.pull_request.labels.iter().any(|label| label == PENDING);
    if wanted && !has(PUBLISHED) {
        desk.repository.add_labels(number, &[PUBLISHED.to_owned()]).await?;
    }
    if has(PENDING) {
        desk.repository.remove_label(number, PENDING).await?;
    }
    Ok(())
}

async fn tell(desk: &Desk<'_>, checked: &Checked, notes: &[Note]) -> Result<(), PortError> {
    let mut released: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (item, note) in checked.items.iter().zip(notes) {
        for pull in note.pulls.iter().filter(|pull| **pull != checked.pull.number) {
            released.entry(*pull).or_default().push(&item.tag);
        }
    }
    for (pull, tags) in released {
        let text = format!("This is released: {}.", tags.join(", "));
        let key = format!("released {}", checked.merge);
        desk.repository.tell(pull, desk.stage.app, &key, &text).await?;
    }
    Ok(())
}

/// Only from the head that was merged: what somebody pushed after it stays.
async fn delete_branch(desk: &Desk<'_>, checked: &Checked) -> Result<(), PortError> {
    let branch = RefName::branch(&checked.pull.head.branch)?;
    desk.repository.swap(&branch, Some(&checked.pull.head.sha), None).await.map(drop)
}

/// The release is out: what the App may not do beside it is told in the log, and holds nothing up.
fn forgiven(what: &str, done: Result<(), PortError>) -> Result<(), PortError> {
    match done {
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid) => {
            warn!(%error, "{what} was refused");
            Ok(())
        }
        other => other,
    }
}
