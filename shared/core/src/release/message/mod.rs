//! How a commit's message is read: by Conventional Commits, and leniently, for a refused message is a release missed.

mod footers;
mod header;
mod overrides;
mod reverts;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

pub use header::{bare, pull_number};
pub use overrides::{nested, overrides};

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

impl Message {
    /// Reads a commit's message. Every text is one: what is not conventional has no kind.
    pub fn read(text: &str) -> Self {
        let text = lines(text);
        let text = overrides::without_nested(&text);
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let header = header::read(first.trim());
        let (body, footers) = footers::read(rest);
        let broken = footers.iter().find(|footer| footer.breaks()).map(|footer| footer.value.clone());
        let breaking = header.breaking || broken.is_some();
        let told = broken.filter(|value| !value.is_empty()).unwrap_or_else(|| header.description.clone());
        let reverts = reverts::read(&header, rest, &footers);
        Self {
            kind: header.kind,
            scope: header.scope,
            description: header.description,
            breaking,
            breaking_description: (breaking && !told.is_empty()).then_some(told),
            body,
            footers,
            reverts,
        }
    }

    /// The values of the footers with this token, whatever its case.
    pub fn footer<'a>(&'a self, token: &'a str) -> impl Iterator<Item = &'a str> {
        let wanted = move |footer: &&Footer| footer.token.eq_ignore_ascii_case(token);
        self.footers.iter().filter(wanted).map(|footer| footer.value.as_str())
    }
}

/// The text with line feeds alone for line ends, and nothing empty before its first line.
fn lines(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A footer: `Token: value`, or `Token #value` (whose value is without the `#`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Footer {
    /// As written.
    pub token: String,
    /// All of it, over several lines where it has them.
    pub value: String,
}

impl Footer {
    /// Whether it says that something breaks. In capitals alone: so says the specification.
    pub fn breaks(&self) -> bool {
        matches!(self.token.as_str(), "BREAKING CHANGE" | "BREAKING-CHANGE")
    }
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
