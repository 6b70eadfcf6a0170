//! One call of a stage that takes webhooks: whatever becomes of it, there is an answer.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use tracing::{Instrument as _, Span, debug, error, field::Empty, info, info_span, warn};

use crate::{
    answer::{self, Answer},
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Request},
    telemetry,
};

/// Hands the request to the stage of this name; a panic is a 500.
pub async fn answer<F>(request: Request, name: &'static str, stage: impl FnOnce(Request) -> F) -> Answer
where
    F: Future<Output = Outcome<Accepted>>,
{
    // The stage records the id that it finds, also of what it refuses.
    let source = &request.source;
    let span = info_span!("invocation", stage = name, source, delivery.id = Empty, session = Empty);
    telemetry::adopt(&span, request.headers.get("traceparent"));
    let handling = AssertUnwindSafe(async { stage(request).await });
    let outcome = handling.catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    telemetry::ran(name, outcome.as_ref().ok());
    match outcome {
        Ok(outcome) => {
            log(&span, &outcome);
            answer::outcome(&outcome)
        }
        Err(_) => {
            error!("the stage panicked; the sender was told to send it again");
            answer::failed()
        }
    }
}

fn log(span: &Span, outcome: &Outcome<Accepted>) {
    match outcome {
        Outcome::Done(accepted) => {
            span.record("delivery.id", accepted.id.as_str());
            span.record("session", accepted.session.as_str());
            debug!(duplicate = accepted.duplicate, "delivery {:?} accepted", accepted.id);
        }
        Outcome::Skipped(why) => debug!(why, "delivery skipped"),
        Outcome::Retry { cause, .. } => {
            warn!(%cause, "delivery not stored; the sender was told to send it again")
        }
        Outcome::Rejected(rejection) => match rejection.reason {
            // Each was a 401 first: a flood of them must not become a flood of lines.
            Reason::TooManyFailures { .. } => debug!("delivery refused: {rejection}"),
            reason => info!(reason = reason.label(), "delivery refused: {rejection}"),
        },
    }
}
