//! A part's past: which versions the head reaches, and the commits since.

use std::collections::BTreeSet;

use semver::Version;

use crate::{
    port::PortError,
    release::{
        Commit, Source, Tag,
        next::{Line, graduates},
        settings::Part,
    },
};

/// What was released, and what came since.
#[derive(Debug)]
pub(super) struct Past {
    /// The versions that the head reaches.
    pub line: Line,
    /// The tag that the commits are counted from.
    pub since: Option<Tag>,
    /// The commits since, newest first.
    pub commits: Vec<Commit>,
    /// All tags of the part's format, reached or not.
    pub tags: BTreeSet<String>,
}

/// Reads a part's past. Tags are tried from the highest down until the head reaches one.
pub(super) async fn past(source: &dyn Source, part: &Part) -> Result<Past, PortError> {
    let format = &part.tag_format;
    let tags = source.tags(format.prefix()).await?;
    let mut known: Vec<(Version, Tag)> =
        tags.into_iter().filter_map(|tag| Some((format.version(&tag.name)?, tag))).collect();
    known.sort_by(|(one, tag), (other, another)| other.cmp(one).then_with(|| tag.name.cmp(&another.name)));
    let tags = known.iter().map(|(_, tag)| tag.name.clone()).collect();
    let mut line = Line::default();
    for (index, (version, tag)) in known.iter().enumerate() {
        let stable = version.pre.is_empty();
        if line.newest.is_some() && !stable {
            continue;
        }
        let Some(commits) = source.since(Some(tag)).await? else { continue };
        line.newest.get_or_insert_with(|| version.clone());
        if stable || !graduates(part.strategy) {
            // A pre-release counts on from the pre-release before it; which release it is above is told by the tags.
            let below = known[index..].iter().map(|(version, _)| version).find(|it| it.pre.is_empty());
            line.stable = below.cloned();
            return Ok(Past { line, since: Some(tag.clone()), commits, tags });
        }
    }
    let commits = source.since(None).await?.unwrap_or_default();
    Ok(Past { line, since: None, commits, tags })
}
