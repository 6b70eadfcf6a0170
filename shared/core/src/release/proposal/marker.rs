//! The machine-readable mark of the release pull request: JSON in one HTML comment, the body's first line.
//!
//! Everything in it that could end a comment is escaped, and only the first line is read: no text of a person, wherever
//! it is shown, can pass for it.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::release::Sha;

const BEGIN: &str = "<!-- pointsman:release ";
const END: &str = " -->";

/// What the release pull request stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The branch that is released.
    pub target: String,
    /// What is released.
    pub releases: Vec<Planned>,
    /// The target's commit that it was made from.
    pub base: Sha,
    /// Whether it is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
    /// The versions that were set by commands, by component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "as_list")]
    pub set: BTreeMap<Option<String>, Version>,
}

/// One release of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The component; `None` = the repository as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: String,
}

impl Marker {
    /// The line that a body begins with.
    pub fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("a marker is made of texts and lists");
        let mut line = String::from(BEGIN);
        for c in json.chars() {
            // None of these has a meaning in JSON outside its texts (no number here is negative).
            if c.is_ascii() && !matches!(c, '<' | '>' | '&' | '-' | '`' | '@') {
                line.push(c);
            } else {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    line += &format!("\\u{unit:04x}");
                }
            }
        }
        line + END
    }

    /// The marker of a pull request's body; `None` = its first line is none.
    pub fn of(body: &str) -> Option<Self> {
        let first = body.lines().next()?.trim_start_matches('\u{feff}').trim_end();
        serde_json::from_str(first.strip_prefix(BEGIN)?.strip_suffix(END)?).ok()
    }

    /// The release of a component.
    pub fn planned(&self, component: Option<&str>) -> Option<&Planned> {
        self.releases.iter().find(|planned| planned.component.as_deref() == component)
    }
}

/// A map whose keys may be absent has no place in JSON: a list has.
mod as_list {
    use super::*;
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Set {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<String>,
        version: Version,
    }

    pub fn serialize<S: Serializer>(
        map: &BTreeMap<Option<String>, Version>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let set = |(component, version): (&Option<String>, &Version)| Set {
            component: component.clone(),
            version: version.clone(),
        };
        to.collect_seq(map.iter().map(set))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Option<String>, Version>, D::Error> {
        let list = Vec::<Set>::deserialize(from)?;
        Ok(list.into_iter().map(|set| (set.component, set.version)).collect())
    }
}
