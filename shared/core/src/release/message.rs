//! How a commit's message is read: by Conventional Commits, and leniently, for a refused message is a release missed.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// What a commit's message says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The type in lower case, such as `feat`; of git's own `Revert "..."` it is `revert`. `None` = not conventional.
    pub kind: Option<String>,
    /// What stands in parentheses behind the type.
    pub scope: Option<String>,
    /// What stands behind the colon; of a message that is not conventional, its first line.
    pub description: String,
    /// `!`, or a footer `BREAKING CHANGE` or `BREAKING-CHANGE`.
    pub breaking: bool,
    /// What breaks: the footer's value, else the description.
    pub breaking_description: Option<String>,
    /// What stands between the first line and the footers.
    pub body: Option<String>,
    /// The footers, in their order.
    pub footers: Vec<Footer>,
    /// What a revert takes back: the commits' ids, else their first line; `#12` for a whole pull request.
    pub reverts: Vec<String>,
}

/// A footer: `Token: value`, or `Token #value` (whose value is without the `#`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Footer {
    /// As written.
    pub token: String,
    /// All of it, over several lines where it has them.
    pub value: String,
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("scope", &self.scope)?;
        map.serialize_entry("description", &self.description)?;
        map.serialize_entry("breaking", &self.breaking)?;
        map.serialize_entry("breaking_description", &self.breaking_description)?;
        map.serialize_entry("body", &self.body)?;
        map.serialize_entry("footers", &self.footers)?;
        map.serialize_entry("reverts", &self.reverts)?;
        map.end()
    }
}
