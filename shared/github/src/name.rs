//! Names, parsed at the edge: a repository's, a branch's or tag's.

use std::{fmt, str::FromStr};

use pointsman_core::port::PortError;
use serde::{Deserialize, Serialize};

/// A repository's name, `owner/name`, with nothing in it that could leave its place in a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug {
    owner: String,
    name: String,
}

impl Slug {
    /// Who owns it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In lower case, as sessions and keys have it: GitHub does not tell cases apart.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fine = |part: &str| {
            (1..=100).contains(&part.len()) && part.chars().all(plain) && !matches!(part, "." | "..")
        };
        match text.split_once('/') {
            Some((owner, name)) if fine(owner) && fine(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => {
                Err(format!("`{}` is no repository's name: such as octocat/hello-world", text.escape_debug()))
            }
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.to_string()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A branch or a tag by its name below `refs/`: `heads/main`, `tags/v1.0.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

impl RefName {
    /// A branch, named without `refs/heads/`. `Invalid`: git could not have it.
    pub fn branch(name: &str) -> Result<Self, PortError> {
        Self::below("heads", name).map_err(PortError::invalid)
    }

    /// A tag, named without `refs/tags/`. `Invalid`: git could not have it.
    pub fn tag(name: &str) -> Result<Self, PortError> {
        Self::below("tags", name).map_err(PortError::invalid)
    }

    fn below(folder: &str, name: &str) -> Result<Self, String> {
        if is_ref(name) {
            return Ok(Self(format!("{folder}/{name}")));
        }
        let kind = if folder == "heads" { "branch" } else { "tag" };
        let shown: String = name.chars().take(80).collect();
        Err(format!("`{}` cannot be the name of a {kind}: git refuses it", shown.escape_debug()))
    }

    /// The branch's or tag's own name.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// Whether it is a branch.
    pub fn is_branch(&self) -> bool {
        self.0.starts_with("heads/")
    }

    /// `heads/main`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `refs/heads/main`.
    #[must_use]
    pub fn full(&self) -> String {
        format!("refs/{}", self.0)
    }
}

impl FromStr for RefName {
    type Err = String;

    /// Of `refs/heads/main` or `heads/main`; an unqualified name is nobody's.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("refs/").unwrap_or(text).split_once('/') {
            Some((folder @ ("heads" | "tags"), name)) => Self::below(folder, name),
            _ => {
                let shown: String = text.chars().take(80).collect();
                Err(format!("`{}` is neither refs/heads/.. nor refs/tags/..", shown.escape_debug()))
            }
        }
    }
}

impl TryFrom<String> for RefName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> Self {
        name.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `git check-ref-format` accepts below a folder.
fn is_ref(name: &str) -> bool {
    let bad = |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock") && !part.ends_with('.')
    };
    (1..=255).contains(&name.len())
        && !name.contains(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_cannot_leave_its_place_in_a_url() {
        for fine in ["octocat/hello-world", "a/b.c_d", "Org-1/.github", "user_corp/x"] {
            assert_eq!(fine.parse::<Slug>().unwrap().to_string(), fine);
        }
        for bad in
            ["", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/.", "a/b?x", "a b/c", "a/b\n", "a/ü", "a/%2e"]
        {
            assert!(bad.parse::<Slug>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_ref_is_one_that_git_could_have() {
        for fine in
            ["main", "release/1.x", "v1.0.0", "a@b", "ümlaut", "x-y_z", "#1", "50%", "component@1.0.0+a"]
        {
            assert_eq!(RefName::branch(fine).unwrap().full(), format!("refs/heads/{fine}"));
            assert_eq!(RefName::tag(fine).unwrap().name(), fine);
        }
        let long = "x".repeat(256);
        for bad in [
            "",
            "@",
            "a b",
            "a..b",
            ".a",
            "a/.b",
            "a.lock",
            "a/b.lock/c",
            "a/",
            "/a",
            "a//b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a@{1}",
            "a\n",
            "a.",
            "\u{7f}",
            &long,
        ] {
            assert!(RefName::branch(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_ref_is_read_with_and_without_refs() {
        assert_eq!("refs/heads/a/b".parse(), RefName::branch("a/b").map_err(|error| error.to_string()));
        assert_eq!("tags/v1".parse(), RefName::tag("v1").map_err(|error| error.to_string()));
        assert!("main".parse::<RefName>().is_err());
        assert!("refs/notes/x".parse::<RefName>().is_err());
    }
}
