//! Whose things are erased, and how a payload tells whose it is.

use std::fmt;

use pointsman_core::{
    delivery::Headers, event::Envelope, facts::Repository, payload::Lens, pipeline, port::Object,
};
use serde::Serialize;

/// Whose things are erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One repository's, by its name: case does not count.
    #[serde(serialize_with = "full_name")]
    Repository(Repository),
    /// One installation's: all events that carry its number, with a repository or without.
    Installation(u64),
}

fn full_name<S: serde::Serializer>(repository: &Repository, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&repository.full_name())
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(repository) => write!(f, "{}", repository.full_name()),
            Self::Installation(id) => write!(f, "installation {id}"),
        }
    }
}

/// Whose a payload is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Whose {
    pub repository: Option<Repository>,
    pub installation: Option<u64>,
}

impl Scope {
    pub(crate) fn holds(&self, whose: &Whose) -> bool {
        match self {
            Self::Repository(repository) => whose.repository.as_ref() == Some(repository),
            Self::Installation(id) => whose.installation == Some(*id),
        }
    }

    /// The same by an event's attributes alone: its payload did not come along and is gone.
    pub(crate) fn holds_attributes(&self, event: &Envelope<'_>) -> bool {
        let attribute = |name| event.attribute(name).unwrap_or_default();
        match self {
            Self::Repository(repository) => {
                let place = format!("/repos/{}", repository.full_name());
                attribute("source").to_lowercase().ends_with(&place)
            }
            Self::Installation(id) => attribute("installation") == id.to_string(),
        }
    }
}

/// Sees in a payload whose it is.
pub(crate) struct Sight(Lens);

impl Sight {
    pub fn new() -> Self {
        Self(Lens::new(["/repository/full_name", "/installation/id"]))
    }

    /// None where the payload cannot be read.
    pub fn of_payload(&self, payload: &[u8]) -> Option<Whose> {
        let glance = self.0.read(payload).ok()?;
        let repository = glance.text("/repository/full_name").and_then(|name| Repository::parse(&name));
        let installation = glance.text("/installation/id").and_then(|id| id.parse().ok());
        Some(Whose { repository, installation })
    }

    /// The same of an object of the archive: its body, or of a form its payload.
    pub fn of_object(&self, object: Object) -> Option<Whose> {
        let headers: Headers = object.metadata.into_iter().collect();
        let payload = pipeline::payload(&headers, &object.body).unwrap_or(object.body);
        self.of_payload(&payload)
    }
}
