//! What the release stages tell one another, as CloudEvents of our own: look again, and publish what is merged.
//!
//! Their data has the fields of a webhook's payload, so that a reader needs no second way to read them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Sha, text::plain};
use crate::{
    event::{self, Envelope},
    port::{Message, PortError},
    session::Session,
    trace::{TRACEPARENT, Trace},
};

/// The type of [`Errand::Reconcile`].
pub const RECONCILE: &str = "pointsman.release.reconcile";

/// The type of [`Errand::Publish`].
pub const PUBLISH: &str = "pointsman.release.publish";

/// A repository, as far as a stage must know it before its first call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `owner/name`, as GitHub writes it.
    pub name: String,
    /// GitHub's id of it for GraphQL.
    pub node: Option<String>,
    /// The App's installation that may work on it.
    pub installation: u64,
}

impl Place {
    /// The name in lower case, as sessions and records have it: GitHub does not tell cases apart.
    pub fn key(&self) -> String {
        self.name.to_lowercase()
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Look at these target branches again; at all that are known when none is named.
    Reconcile {
        /// Branches.
        targets: BTreeSet<String>,
        /// What it is for: two with the same reason are one.
        because: String,
    },
    /// Turn this merged release pull request into a tag and a release.
    Publish {
        /// Its number.
        pull: u64,
        /// The commit that it was merged as.
        merge: Sha,
    },
}

#[derive(Serialize)]
struct Event<'e> {
    specversion: &'static str,
    id: &'e str,
    source: String,
    r#type: &'static str,
    time: Timestamp,
    datacontenttype: &'static str,
    recordedtime: Timestamp,
    installation: String,
    session: &'e Session,
    partitionkey: &'e Session,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'e str>,
    pointsmanversion: &'static str,
    data: Value,
}

impl Errand {
    /// As a message for a queue whose sessions are repositories. `now` is when it is sent; `trace` what it belongs to.
    pub fn message(&self, place: &Place, now: Timestamp, trace: Option<&str>) -> Message {
        let key = place.key();
        let session = Session::from(key.as_str());
        let (kind, why) = match self {
            Self::Reconcile { because, .. } => (RECONCILE, because.clone()),
            Self::Publish { merge, .. } => (PUBLISH, merge.to_string()),
        };
        let id = hex::encode(Sha256::digest(format!("{kind} {key} {why}")));
        let trace = trace.map(Trace::onward);
        let trace = trace.as_deref();
        let event = Event {
            specversion: "1.0",
            id: &id,
            source: format!("/repositories/{key}"),
            r#type: kind,
            time: now,
            datacontenttype: "application/json",
            recordedtime: now,
            installation: place.installation.to_string(),
            session: &session,
            partitionkey: &session,
            traceparent: trace,
            pointsmanversion: event::VERSION,
            data: self.data(place),
        };
        let body = serde_json::to_vec(&event).expect("strings and times are always JSON");
        let attributes = trace
            .map(|trace| BTreeMap::from([(TRACEPARENT.to_owned(), trace.to_owned())]))
            .unwrap_or_default();
        Message {
            body: body.into(),
            session: Some(session.clone()),
            dedup_id: id.clone(),
            attributes,
            correlation: Some(id),
            delay: None,
        }
    }

    fn data(&self, place: &Place) -> Value {
        let mut data = json!({
            "repository": { "full_name": place.name, "node_id": place.node },
            "installation": { "id": place.installation },
        });
        match self {
            Self::Reconcile { targets, .. } => data["targets"] = json!(targets),
            Self::Publish { pull, merge } => {
                data["number"] = json!(pull);
                data["merge_commit_sha"] = json!(merge);
            }
        }
        data
    }
}

/// An event that came without its payload is refused: fetching it is the host's job, and passed over it would be a
/// release that never comes.
pub fn without_data(event: &Envelope<'_>) -> PortError {
    let dataref = event.attribute("dataref").unwrap_or_default();
    PortError::invalid(format!(
        "the event {} came without its data: the host that hands it over must fetch it from the archive (dataref \
         `{}`), or its queue's source must carry the payload inline",
        plain(&event.attribute("id").unwrap_or_default(), 100),
        plain(&dataref, 300)
    ))
}

/// An event whose payload is not what GitHub sends.
pub fn unreadable(event: &Envelope<'_>, error: serde_json::Error) -> PortError {
    PortError::invalid(format!(
        "the data of the event {} is not what GitHub documents for {}: look at it in the archive",
        plain(&event.attribute("id").unwrap_or_default(), 100),
        plain(&event.attribute("type").unwrap_or_default(), 100)
    ))
    .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { name: "Acme/Web".into(), node: Some("R_1".into()), installation: 7 }
    }

    fn publish(digit: &str) -> Message {
        let errand = Errand::Publish { pull: 12, merge: digit.repeat(40).parse().unwrap() };
        errand.message(&place(), "2026-11-21T12:00:00Z".parse().unwrap(), Some("00-a-b-01"))
    }

    #[test]
    fn an_errand_is_a_cloud_event_in_its_repositorys_session() {
        let message = publish("a");
        assert_eq!(message.session.as_ref().unwrap().as_str(), "acme/web");
        let body = message.body.to_bytes();
        let envelope = Envelope::read(&body).unwrap();
        assert_eq!(envelope.attribute("type").unwrap(), PUBLISH);
        assert_eq!(envelope.attribute("session").unwrap(), "acme/web");
        assert_eq!(envelope.attribute("traceparent").unwrap(), "00-a-b-01");
        let data = r#"{"repository":{"full_name":"Acme/Web","node_id":"R_1"},"installation":{"id":7},"number":12,"merge_commit_sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
        assert_eq!(envelope.data().unwrap(), data);
    }

    #[test]
    fn the_same_merge_is_published_once_within_the_queues_window() {
        assert_eq!(publish("a").dedup_id, publish("a").dedup_id);
        assert_ne!(publish("a").dedup_id, publish("b").dedup_id);
    }
}
