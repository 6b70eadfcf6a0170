//! Outcomes as responses. Every error is a JSON problem (RFC 9457).

use std::time::Duration;

use http::{
    StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::Accepted,
};
use serde::Serialize;
use warp::reply::Response;

use crate::{Limits, body::Unread};

/// How long a sender is asked to stay away when nothing tells better.
const AWAY: Duration = Duration::from_secs(5);

/// A problem with its title from the status: `about:blank` says that there is no more to it than that.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    skipped: &'a str,
}

/// The stage's outcome.
pub(crate) fn outcome(outcome: &Outcome<Accepted>) -> Response {
    match outcome {
        Outcome::Done(accepted) => json(StatusCode::ACCEPTED, accepted),
        Outcome::Skipped(why) => json(StatusCode::OK, &Skipped { skipped: why }),
        // The cause may name what is none of the sender's business: it is logged, not sent.
        Outcome::Retry { after, .. } => {
            later("The delivery could not be stored just now. Send it again.", *after)
        }
        Outcome::Rejected(rejection) => rejected(rejection),
    }
}

fn rejected(rejection: &Rejection) -> Response {
    let status = match rejection.reason {
        Reason::Malformed => StatusCode::BAD_REQUEST,
        Reason::Signature => StatusCode::UNAUTHORIZED,
        Reason::NotOwned | Reason::OtherApp => StatusCode::FORBIDDEN,
        Reason::UnknownSource => StatusCode::NOT_FOUND,
        Reason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Reason::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
        Reason::Failed => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = problem(status, &rejection.detail);
    if let Reason::TooManyFailures { after } = rejection.reason {
        response.headers_mut().insert(RETRY_AFTER, after.max(1).into());
    }
    response
}

/// Why there was no body. The rest of it is not waited for: the connection ends with the answer.
pub(crate) fn unread(why: Unread, limits: &Limits) -> Response {
    let mut response = match why {
        Unread::TooLarge => {
            let detail = format!("The body is longer than {} bytes, the most that is taken.", limits.body);
            problem(StatusCode::PAYLOAD_TOO_LARGE, &detail)
        }
        Unread::Busy => later("Too many bodies are being received at once. Send it again.", AWAY),
        Unread::Slow => problem(StatusCode::REQUEST_TIMEOUT, "The body came too slowly. Send it again."),
        Unread::Broken => {
            problem(StatusCode::BAD_REQUEST, "The body ended early or is no valid HTTP. Send it again.")
        }
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// 503: it may work soon.
fn later(detail: &str, after: Duration) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    let seconds = after.as_millis().div_ceil(1000).max(1);
    response.headers_mut().insert(RETRY_AFTER, u32::try_from(seconds).unwrap_or(u32::MAX).into());
    response
}

/// 500: the stage panicked.
pub(crate) fn failed() -> Response {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The delivery could not be handled; the log says why. Send it again.",
    )
}

/// 404.
pub(crate) fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "There is nothing here. Webhooks go to /webhooks/{source}.")
}

/// 405.
pub(crate) fn not_allowed(allow: &'static str) -> Response {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, &format!("This address takes {allow} only."));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// A problem of this status.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().expect("every status used here has a phrase");
    let problem = Problem { r#type: "about:blank", title, status: status.as_u16(), detail };
    let mut response = json(status, &problem);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("strings and numbers are always JSON");
    content(status, "application/json", body)
}

/// An answer of this media type.
pub(crate) fn content(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
