//! Core's answers as responses, and those that only a server of its own gives.

use std::time::Duration;

use http::{
    StatusCode,
    header::{CONNECTION, HeaderValue},
};
use pointsman_core::answer::{self, Answer};
use serde::Serialize;
use warp::reply::Response;

use crate::{Limits, body::Unread};

/// How long a sender is asked to stay away when nothing tells better.
const AWAY: Duration = Duration::from_secs(5);

/// Why there was no body. The rest of it is not waited for: the connection ends with the answer.
pub(crate) fn unread(why: Unread, limits: &Limits) -> Response {
    let mut response = match why {
        Unread::TooLarge => {
            let detail = format!("The body is longer than {} bytes, the most that is taken.", limits.body);
            problem(StatusCode::PAYLOAD_TOO_LARGE, &detail)
        }
        Unread::Busy => {
            response(answer::later("Too many bodies are being received at once. Send it again.", AWAY))
        }
        Unread::Slow => problem(StatusCode::REQUEST_TIMEOUT, "The body came too slowly. Send it again."),
        Unread::Broken => {
            problem(StatusCode::BAD_REQUEST, "The body ended early or is no valid HTTP. Send it again.")
        }
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// More come than are done; the body was read, so the connection may stay.
pub(crate) fn crowded() -> Response {
    response(answer::later("More webhooks come than can be taken in now. Send it again.", AWAY))
}

/// 404.
pub(crate) fn not_found() -> Response {
    response(answer::not_found())
}

/// 405.
pub(crate) fn not_allowed(allow: &'static str) -> Response {
    response(answer::not_allowed(allow))
}

/// A problem of this status.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    response(answer::problem(status, detail))
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    response(answer::json(status, value))
}

/// An answer of this media type.
pub(crate) fn content(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    response(answer::content(status, kind, body))
}

pub(crate) fn response(answer: Answer) -> Response {
    answer.map(Into::into)
}
