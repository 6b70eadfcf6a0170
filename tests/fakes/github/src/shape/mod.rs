//! The JSON forms of what this GitHub knows: every field that GitHub's OpenAPI document requires.

mod account;
mod commit;
mod issue;
mod release;
mod repository;

pub(crate) use account::{installation, integration, user};
use base64::{Engine as _, engine::general_purpose::STANDARD};
pub(crate) use commit::{commit, commit_comment, file, git_commit, person, short_commit};
pub(crate) use issue::{comment, issue, issue_event, label, pull, reaction};
use jiff::Timestamp;
pub(crate) use release::release;
pub(crate) use repository::{reference, repository};
use serde_json::{Value, json};

/// GitHub's global ids are opaque; this one says what it is.
pub(crate) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{kind}:{id}"))
}

/// What an App's JWT may have as its issuer instead of the number.
pub(crate) fn client_id(app: u64) -> String {
    format!("Iv23li{app:014}")
}

/// To the second, as GitHub writes times.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time or null.
pub(crate) fn maybe(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(time(at)))
}

/// Puts the fields of one object into another.
pub(crate) fn extend(into: &mut Value, fields: Value) {
    if let (Some(into), Value::Object(fields)) = (into.as_object_mut(), fields) {
        into.extend(fields);
    }
}
