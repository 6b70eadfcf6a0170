//! Trees: what a commit holds.

use pointsman_core::release::Sha;
use serde::{Deserialize, Serialize};

/// A tree and what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Its id.
    pub sha: Sha,
    /// Whether GitHub left something out: more than 100,000 entries or 7 MB.
    #[serde(default)]
    pub truncated: bool,
    /// What is in it.
    #[serde(default)]
    pub tree: Vec<TreeEntry>,
}

/// One file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Its path from the tree.
    pub path: String,
    /// `100644` a file, `100755` a program, `120000` a link, `040000` a folder, `160000` a submodule.
    #[serde(default)]
    pub mode: String,
    /// What it is.
    #[serde(rename = "type", default)]
    pub kind: EntryKind,
    /// A file's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a tree's entry is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A file or a link.
    Blob,
    /// A folder.
    Tree,
    /// A submodule.
    #[default]
    #[serde(other)]
    Commit,
}
