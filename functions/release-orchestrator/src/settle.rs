//! What is merged comes first: a merged release pull request without its tag is the automator's, before anything new.

use pointsman_core::{
    port::PortError,
    release::{
        Source as _, Tag,
        errand::Errand,
        proposal::{Marker, Trailer},
        settings::TagFormat,
    },
};
use pointsman_github::PullRequest;

use crate::{
    desk::Desk,
    gather::{Ground, Lane},
};

/// Tags above a merged version that are looked at: one of them is the line's last release, or there is none.
const LOOKED_AT: usize = 20;

/// Sends what is merged and not tagged to the automator; whether there was any.
pub(crate) async fn settle(desk: &Desk<'_>, ground: &Ground, lanes: &[Lane]) -> Result<bool, PortError> {
    let mut messages = Vec::new();
    for lane in lanes {
        // The newest alone: what was merged before it is in it.
        let merged = lane.pulls.iter().filter(|pull| pull.merged()).max_by_key(|pull| pull.merged_at);
        let Some((pull, merge)) = merged.and_then(|pull| Some((pull, pull.merge_commit_sha.clone()?))) else {
            continue;
        };
        if is_due(desk, ground, pull).await? {
            let errand = Errand::Publish { pull: pull.number, merge };
            messages.push(errand.message(desk.place, desk.now(), desk.trace));
        }
    }
    let any = !messages.is_empty();
    if any {
        for sent in desk.stage.ports.queue.send(&desk.stage.automator, messages).await {
            sent?;
        }
    }
    Ok(any)
}

/// Whether one of its tags is missing, and no later release of its line has what it holds.
async fn is_due(desk: &Desk<'_>, ground: &Ground, pull: &PullRequest) -> Result<bool, PortError> {
    let marker = Marker::of(pull.body.as_deref().unwrap_or_default());
    let said: Vec<String> =
        marker.into_iter().flat_map(|marker| marker.releases).map(|planned| planned.tag).collect();
    if said.is_empty() || missing(ground, &said).await?.is_empty() {
        return Ok(false);
    }
    let commit = desk.repository.git_commit(&pull.head.sha).await?;
    let written = match Trailer::is_ours(&commit.message, &commit.tree.sha) {
        true => Trailer::tags(&commit.message),
        false => Vec::new(),
    };
    let tags = if written.is_empty() { said } else { written };
    for (tag, format) in missing(ground, &tags).await? {
        if !is_superseded(ground, &tag, &format).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Those of the tags that are not there, each with its format; a tag that fits no format is nobody's any more.
async fn missing(ground: &Ground, tags: &[String]) -> Result<Vec<(String, TagFormat)>, PortError> {
    let parts = ground.settings.parts();
    let mut missing = Vec::new();
    for tag in tags {
        let fits =
            |format: &TagFormat| format.version(tag).is_some_and(|version| format.tag(&version) == *tag);
        let Some(part) = parts.iter().find(|part| fits(&part.tag_format)) else { continue };
        let there: Vec<Tag> = ground.source.tags(part.tag_format.prefix()).await?;
        if !there.iter().any(|there| there.name == *tag) {
            missing.push((tag.clone(), part.tag_format.clone()));
        }
    }
    Ok(missing)
}

/// Whether the target's head reaches a tag of a higher version.
async fn is_superseded(ground: &Ground, tag: &str, format: &TagFormat) -> Result<bool, PortError> {
    let Some(version) = format.version(tag) else { return Ok(false) };
    let tags = ground.source.tags(format.prefix()).await?;
    let mut above: Vec<_> = tags
        .iter()
        .filter_map(|tag| Some((format.version(&tag.name)?, tag)))
        .filter(|(other, _)| *other > version)
        .collect();
    above.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, tag) in above.into_iter().take(LOOKED_AT) {
        if ground.source.since(Some(tag)).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
