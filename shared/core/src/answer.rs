//! Outcomes as HTTP answers, for every host that takes webhooks. Every error is a JSON problem (RFC 9457).

use std::time::Duration;

use http::{
    Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use serde::Serialize;

use crate::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::Accepted,
};

/// A whole answer, its body in memory.
pub type Answer = Response<Vec<u8>>;

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

/// The answer to a webhook.
pub fn outcome(outcome: &Outcome<Accepted>) -> Answer {
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

fn rejected(rejection: &Rejection) -> Answer {
    let status = match rejection.reason {
        Reason::Malformed => StatusCode::BAD_REQUEST,
        Reason::Signature => StatusCode::UNAUTHORIZED,
        Reason::NotOwned | Reason::OtherApp | Reason::NotByFront => StatusCode::FORBIDDEN,
        Reason::UnknownSource => StatusCode::NOT_FOUND,
        Reason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Reason::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
        Reason::Failed => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut answer = problem(status, &rejection.detail);
    if let Reason::TooManyFailures { after } = rejection.reason {
        answer.headers_mut().insert(RETRY_AFTER, after.max(1).into());
    }
    answer
}

/// 503: it may work soon.
pub fn later(detail: &str, after: Duration) -> Answer {
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    let seconds = after.as_millis().div_ceil(1000).max(1);
    answer.headers_mut().insert(RETRY_AFTER, u32::try_from(seconds).unwrap_or(u32::MAX).into());
    answer
}

/// 500: the stage panicked.
pub fn failed() -> Answer {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The delivery could not be handled; the log says why. Send it again.",
    )
}

/// 404.
pub fn not_found() -> Answer {
    problem(StatusCode::NOT_FOUND, "There is nothing here. Webhooks go to /webhooks/{source}.")
}

/// 405.
pub fn not_allowed(allow: &'static str) -> Answer {
    let detail = format!("This address takes {allow} only.");
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, &detail);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    answer
}

/// A problem of this status, which must be one that has a phrase.
pub fn problem(status: StatusCode, detail: &str) -> Answer {
    let title = status.canonical_reason().expect("every status used here has a phrase");
    let problem = Problem { r#type: "about:blank", title, status: status.as_u16(), detail };
    let mut answer = json(status, &problem);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

/// A JSON answer.
pub fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).expect("strings and numbers are always JSON");
    content(status, "application/json", body)
}

/// An answer of this media type.
pub fn content(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
