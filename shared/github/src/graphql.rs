//! GraphQL, for the one thing that REST has not: a compare-and-swap of a ref.

use std::sync::atomic::Ordering;

use http::StatusCode;
use pointsman_core::port::{ErrorKind, PortError};
use pointsman_core::release::Sha;
use serde::Deserialize;
use serde_json::json;

use crate::{Github, RefName, Refusal, ask::Ask, client::Auth, limit};

/// Moves, makes and deletes refs, each only from a known place; zeros mean "is not there".
const UPDATE_REFS: &str = "mutation UpdateRefs($repository: ID!, $updates: [RefUpdate!]!) {
  updateRefs(input: { repositoryId: $repository, refUpdates: $updates }) {
    clientMutationId
  }
}";

/// Every GraphQL document that is sent, to be checked against GitHub's schema.
pub fn documents() -> &'static [&'static str] {
    &[UPDATE_REFS]
}

/// How GraphQL took an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is done.
    Done,
    /// It is not, for a reason that is best read from the ref itself; GitHub's words.
    Refused(String),
    /// The server has no such mutation, or no GraphQL.
    Unknown,
}

#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Debug, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: Option<String>,
}

impl Fault {
    fn is(&self, names: &[&str]) -> bool {
        let code = self.extensions.as_ref().and_then(|it| it.code.as_deref());
        [self.kind.as_deref(), code].into_iter().flatten().any(|kind| names.contains(&kind))
    }
}

impl Github {
    /// Moves `name` from `before` to `after` or not at all; `None` = it is not there.
    pub(crate) async fn update_ref_by_graphql(
        &self,
        auth: &Auth,
        repository: &str,
        name: &RefName,
        before: Option<&Sha>,
        after: Option<&Sha>,
    ) -> Result<Taken, PortError> {
        if self.no_graphql().load(Ordering::Relaxed) {
            return Ok(Taken::Unknown);
        }
        let zeros = "0".repeat(before.or(after).map_or(40, |sha| sha.as_str().len()));
        let id = |sha: Option<&Sha>| sha.map_or(zeros.clone(), Sha::to_string);
        let update =
            json!({ "name": name.full(), "beforeOid": id(before), "afterOid": id(after), "force": true });
        let variables = json!({ "repository": repository, "updates": [update] });
        let ask =
            Ask::post(self.base_url().graphql(), &json!({ "query": UPDATE_REFS, "variables": variables }));
        let response = match self.send(auth, &ask, None).await {
            Err(error) if unknown(&error) => {
                self.no_graphql().store(true, Ordering::Relaxed);
                return Ok(Taken::Unknown);
            }
            other => other?,
        };
        let answer: Answer = self.read(&ask, response.body())?;
        if answer.errors.is_empty() {
            return Ok(Taken::Done);
        }
        self.refused(&ask, &answer.errors, response.headers())
    }

    fn refused(&self, ask: &Ask, faults: &[Fault], headers: &http::HeaderMap) -> Result<Taken, PortError> {
        let any = |names: &[&str]| faults.iter().any(|fault| fault.is(names));
        let text = faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; ");
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
        if any(&["RATE_LIMITED", "RATE_LIMIT"]) {
            return Err(limit::told_by_graphql(&ask.shown(), headers, self.now()));
        }
        if any(&["undefinedField", "undefinedType"]) {
            self.no_graphql().store(true, Ordering::Relaxed);
            return Ok(Taken::Unknown);
        }
        if any(&["FORBIDDEN", "INSUFFICIENT_SCOPES"]) {
            let message =
                "GitHub refuses to move a branch by GraphQL; the App or the token needs contents: write";
            return Err(Refusal::Permission.error(ErrorKind::Denied, message.into(), text));
        }
        Ok(Taken::Refused(text))
    }
}

/// Whether the error says that there is no GraphQL at that address.
fn unknown(error: &PortError) -> bool {
    error.kind == ErrorKind::NotFound
        || (error.kind == ErrorKind::Invalid
            && error.to_string().contains(StatusCode::METHOD_NOT_ALLOWED.as_str()))
}
