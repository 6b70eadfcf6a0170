//! The changelog: one version's section, and its place in the file.

mod file;
mod newcomers;
mod section;

use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Author, Sha};

pub use file::prepend;
pub use newcomers::newcomers;
pub(super) use section::TEMPLATE;
pub use section::{line, section};

/// What a version's section tells.
#[derive(Debug, Clone)]
pub struct SectionInput<'a> {
    /// The component; `None` = the repository as one.
    pub component: Option<&'a str>,
    /// The version that is released.
    pub version: &'a Version,
    /// Its tag.
    pub tag: &'a str,
    /// The tag of the version before, if there is one.
    pub previous: Option<&'a str>,
    /// The day.
    pub date: Date,
    /// The changes that count, in the order in which a section has them.
    pub entries: &'a [Entry],
    /// Where the repository is seen; `None` = nothing is linked.
    pub links: Option<&'a Links>,
    /// Those whose first change is among them.
    pub new_contributors: &'a [Newcomer],
}

/// One change, told as its author wrote it: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The commit.
    pub sha: Sha,
    /// Its type; `None` = the message follows no convention.
    pub kind: Option<String>,
    /// Its scope.
    pub scope: Option<String>,
    /// What it does.
    pub description: String,
    /// Of a breaking change what breaks; where only a `!` tells of it, the description.
    pub breaking: Option<String>,
    /// The pull request that it came by.
    pub pull: Option<u64>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// The issues that it closes, by number, from footers such as `Closes: #12`.
    pub issues: Vec<u64>,
}

/// Someone whose first change is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// The account.
    pub login: String,
    /// The pull request.
    pub pull: u64,
}

/// What is not part of a segment of a URL's path, in a link of Markdown.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b'+');

/// Where a repository is seen by people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The web's address without a slash at the end, such as `https://github.com`.
    pub base: String,
    /// The owner.
    pub owner: String,
    /// The repository's name.
    pub repo: String,
}

impl Links {
    /// An address below the repository's own; `parts` are encoded.
    fn of<const N: usize>(&self, parts: [&str; N]) -> String {
        let encoded = |part: &str| utf8_percent_encode(part, SEGMENT).to_string();
        let mut url =
            format!("{}/{}/{}", self.base.trim_end_matches('/'), encoded(&self.owner), encoded(&self.repo));
        for part in parts {
            url.push('/');
            url.push_str(&part.split('/').map(encoded).collect::<Vec<_>>().join("/"));
        }
        url
    }

    /// A commit.
    pub fn commit(&self, sha: &Sha) -> String {
        self.of(["commit", sha.as_str()])
    }

    /// An issue or a pull request.
    pub fn issue(&self, number: u64) -> String {
        self.of(["issues", &number.to_string()])
    }

    /// A file at a branch or a commit.
    pub fn file(&self, at: &str, path: &str) -> String {
        self.of(["blob", at, path])
    }

    /// What a tag adds to the one before; without one, all that it has.
    pub fn compare(&self, previous: Option<&str>, tag: &str) -> String {
        match previous {
            Some(previous) => self.of(["compare", &format!("{previous}...{tag}")]),
            None => self.of(["commits", tag]),
        }
    }

    /// An account: that of an App has its page elsewhere.
    pub fn account(&self, login: &str) -> String {
        let encoded = |part: &str| utf8_percent_encode(part, SEGMENT).to_string();
        let base = self.base.trim_end_matches('/');
        match login.strip_suffix("[bot]") {
            Some(app) => format!("{base}/apps/{}", encoded(app)),
            None => format!("{base}/{}", encoded(login)),
        }
    }
}

#[cfg(test)]
mod tests;
