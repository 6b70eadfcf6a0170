//! What the releases of one tag mean for the next step. Pure: what was listed goes in, the next step comes out.

use pointsman_github::Release;

/// What is there of one tag's release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: a draft is made.
    Missing,
    /// A draft of ours, to be published once those that are surplus are gone.
    Draft {
        /// The one that stays: the lowest id, which every run agrees on.
        keep: u64,
        /// Drafts of ours that another run, or this one before it was killed, made too.
        surplus: Vec<u64>,
    },
    /// It is published.
    Published {
        /// It.
        id: u64,
        /// Drafts of ours that are left over.
        surplus: Vec<u64>,
    },
}

/// Reads a list of releases. Drafts that a person made, which have no marker of ours, are nobody's business here.
pub fn standing(releases: &[Release], tag: &str, marker: &str) -> Standing {
    let ours = |release: &&Release| release.body.as_deref().is_some_and(|body| body.contains(marker));
    let of_tag = || releases.iter().filter(|release| release.tag_name == tag);
    let mut drafts: Vec<u64> =
        of_tag().filter(|release| release.draft).filter(ours).map(|release| release.id).collect();
    drafts.sort_unstable();
    drafts.dedup();
    if let Some(published) = of_tag().find(|release| !release.draft) {
        return Standing::Published { id: published.id, surplus: drafts };
    }
    if drafts.is_empty() {
        return Standing::Missing;
    }
    let keep = drafts.remove(0);
    Standing::Draft { keep, surplus: drafts }
}
