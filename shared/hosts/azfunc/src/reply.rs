//! What the host is told: always an object, since without one it may wait for ever. 200 is success, anything else is not.

use http::StatusCode;
use pointsman_core::answer::{self, Answer};
use serde_json::json;

/// It is done; the host's log says what.
pub(crate) fn done(what: &str) -> Answer {
    told(StatusCode::OK, what)
}

/// It is not done; the host's log says why.
pub(crate) fn failed(status: StatusCode, why: &str) -> Answer {
    told(status, why)
}

fn told(status: StatusCode, line: &str) -> Answer {
    answer::json(status, &json!({ "Outputs": {}, "Logs": [line], "ReturnValue": null }))
}
