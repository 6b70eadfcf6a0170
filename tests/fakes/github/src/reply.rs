//! Answers, and refusals in GitHub's own words and shapes.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::git::GitError;

/// What an operation answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: Body,
    pub headers: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Raw(Bytes, &'static str),
}

/// An answer that ends the operation early.
#[derive(Debug)]
pub(crate) struct Refusal(pub Box<Reply>);

/// What every operation gives.
pub(crate) type Answer = Result<Reply, Refusal>;

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, body: Body::Json(body), headers: Vec::new() }
    }

    pub fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub fn created(body: Value) -> Self {
        let location = body["url"].as_str().map(|url| ("location", url.to_owned()));
        Self { headers: location.into_iter().collect(), ..Self::json(201, body) }
    }

    pub fn no_content() -> Self {
        Self { status: 204, body: Body::Empty, headers: Vec::new() }
    }
}

const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// A refusal of this status with nothing but a message.
pub(crate) fn refuse(status: u16, message: impl Into<String>) -> Refusal {
    let body = json!({
        "message": message.into(), "documentation_url": DOCUMENTATION, "status": status.to_string(),
    });
    Refusal(Box::new(Reply::json(status, body)))
}

/// What a token may not see is not there.
pub(crate) fn not_found() -> Refusal {
    refuse(404, "Not Found")
}

/// 422 with a list of what is wrong.
pub(crate) fn invalid(errors: &Value) -> Refusal {
    let body = json!({
        "message": "Validation Failed", "errors": errors, "documentation_url": DOCUMENTATION, "status": "422",
    });
    Refusal(Box::new(Reply::json(422, body)))
}

/// 422 with one error of code `custom`.
pub(crate) fn custom(resource: &str, message: impl Into<String>) -> Refusal {
    invalid(&json!([{ "resource": resource, "code": "custom", "message": message.into() }]))
}

/// 422 with one error of a field.
pub(crate) fn field(resource: &str, field: &str, code: &str) -> Refusal {
    invalid(&json!([{ "resource": resource, "field": field, "code": code }]))
}

impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        refuse(500, error.0)
    }
}
