//! Releases.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, nullable};

/// A release, also a draft of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// The tag that it is of; a draft's need not be there.
    pub tag_name: String,
    /// The branch or commit that a missing tag would be made at.
    #[serde(default, deserialize_with = "nullable")]
    pub target_commitish: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its notes.
    #[serde(default)]
    pub body: Option<String>,
    /// Not published.
    #[serde(default)]
    pub draft: bool,
    /// Marked as a pre-release.
    #[serde(default)]
    pub prerelease: bool,
    /// Its tag and assets can no longer be changed.
    #[serde(default)]
    pub immutable: bool,
    /// Who made it.
    #[serde(default)]
    pub author: Option<Account>,
    /// Where people see it.
    #[serde(default, deserialize_with = "nullable")]
    pub html_url: String,
    /// When it was published.
    #[serde(default)]
    pub published_at: Option<Timestamp>,
}

/// Notes as GitHub itself would write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedNotes {
    /// The release's name.
    #[serde(default)]
    pub name: String,
    /// The notes, as Markdown.
    #[serde(default)]
    pub body: String,
}
