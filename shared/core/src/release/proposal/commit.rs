//! The release commit's mark: a trailer that says what it was made from, and which tree was written.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use super::Input;
use crate::release::Sha;

const TRAILER: &str = "Pointsman-Release: ";
const TAGS: &str = "Pointsman-Tags: ";

/// The trailer of our commit. A head commit with a trailer whose tree is its own tree is ours; any other is a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// What it was made from: [`super::Proposal::fingerprint`].
    pub fingerprint: String,
    /// The tree that was written.
    pub tree: Sha,
}

impl Trailer {
    /// The trailer of a commit's message: its last line.
    pub fn of(message: &str) -> Option<Self> {
        let (before, last) = message.trim_end().rsplit_once('\n')?;
        let (fingerprint, tree) = last.trim_end_matches('\r').strip_prefix(TRAILER)?.split_once(' ')?;
        let digits = |text: &str| text.len() == 64 && Sha::from_str(text).is_ok();
        let (above, line) = before.rsplit_once('\n').unwrap_or((before, ""));
        let before = if line.starts_with(TAGS) { above } else { before };
        let parted = before.ends_with('\n') || before.ends_with("\n\r");
        let tree = tree.parse().ok()?;
        (parted && digits(fingerprint)).then(|| Self { fingerprint: fingerprint.to_owned(), tree })
    }

    /// The tags that a commit of ours is for. They are the commit's own: a pull request's description can be changed
    /// once its commit is merged, and may be a step behind it.
    pub fn tags(message: &str) -> Vec<String> {
        let line =
            message.trim_end().lines().rev().nth(1).and_then(|line| line.trim_end().strip_prefix(TAGS));
        line.map(|tags| tags.split(' ').map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Whether a commit is ours: its message has our trailer, and its tree is the one that was written.
    pub fn is_ours(message: &str, tree: &Sha) -> bool {
        Self::of(message).is_some_and(|trailer| trailer.tree == *tree)
    }
}

impl fmt::Display for Trailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TRAILER}{} {}", self.fingerprint, self.tree)
    }
}

/// The line that [`Trailer::tags`] reads. A tag's name has no blank in it.
pub(super) fn tags(tags: &[String]) -> String {
    format!("{TAGS}{}", tags.join(" "))
}

/// A hash over all that a proposal is made from; each part with its length, so that none can pass for another.
pub(super) fn fingerprint(input: &Input<'_>, title: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    };
    add(input.base.as_str());
    for due in input.releases {
        add(due.component.unwrap_or_default());
        add(&due.next.to_string());
        add(due.tag);
    }
    add("files");
    for (path, content) in input.files {
        add(path);
        add(content);
    }
    add(title);
    add(body);
    hex::encode(hash.finalize())
}
