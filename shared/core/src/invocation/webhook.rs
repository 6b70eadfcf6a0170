//! One call of a stage that takes webhooks: whatever becomes of it, there is an answer, and one line in the log.

use std::{panic::AssertUnwindSafe, time::Instant};

use futures::FutureExt as _;
use tracing::{Instrument as _, Level, debug};

use super::flood;
use crate::{
    answer::{self, Answer},
    delivery::Headers,
    handling::{Ending, Work},
    outcome::{Outcome, Reason, Rejection},
    pipeline::{Accepted, Request},
    telemetry,
    trace::{self, Trace},
};

/// The longest id that is believed before anybody has verified it.
const LONGEST: usize = 64;

/// Hands the request to the stage of this name; a panic is a 500. `now` is a clock that only goes forward.
pub async fn answer<F>(
    request: Request,
    name: &'static str,
    now: impl Fn() -> Instant,
    stage: impl FnOnce(Request) -> F,
) -> Answer
where
    F: Future<Output = Outcome<Accepted>>,
{
    let (begun, mut work) = (now(), work(name, &request));
    let handling = AssertUnwindSafe(async { stage(request).await }).catch_unwind();
    let outcome = trace::within(work.trace.clone(), handling.instrument(work.span(1))).await;
    telemetry::ran(name, outcome.as_ref().ok());
    let answer = outcome.as_ref().map_or_else(|_| answer::failed(), answer::outcome);
    let ending = match &outcome {
        Ok(outcome) => ending(outcome, &mut work),
        Err(_) => Some(Ending::new(Level::ERROR, "failed").because("the stage panicked")),
    };
    if let Some(ending) = ending {
        let ended = now();
        told(&work, ending, begun, ended);
    }
    answer
}

/// Tells of a request that no stage was handed: its body could not be read.
pub fn unread(
    name: &'static str,
    headers: &Headers,
    reason: &'static str,
    (begun, ended): (Instant, Instant),
) {
    let work = Work { stage: name.into(), delivery: claimed(headers), ..Work::default() };
    let ending = Ending::good("refused").labelled(reason).because("no body could be read");
    told(&work, ending, begun, ended);
}

/// What is known before it is verified: the sender's word.
fn work(name: &'static str, request: &Request) -> Work {
    Work {
        stage: name.into(),
        source: Some(request.source.clone()),
        delivery: claimed(&request.headers),
        trace: Trace::claimed(&request.headers, &request.source),
        ..Work::default()
    }
}

/// Anybody may write anything there.
fn claimed(headers: &Headers) -> Option<String> {
    let plain = |id: &&str| id.len() <= LONGEST && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    headers.get("x-github-delivery").filter(plain).map(str::to_owned)
}

/// How it ended, and what is known of the delivery now. Nothing of what is not to be told.
fn ending(outcome: &Outcome<Accepted>, work: &mut Work) -> Option<Ending> {
    Some(match outcome {
        Outcome::Done(accepted) => {
            work.delivery = Some(accepted.id.clone());
            work.session = Some(accepted.session.clone());
            work.trace = Trace::parse(&accepted.traceparent);
            if accepted.duplicate { Ending::good("duplicate") } else { Ending::good("accepted") }
        }
        Outcome::Skipped(why) => Ending::good("skipped").because(why),
        Outcome::Retry { after, cause } => {
            Ending::new(Level::WARN, "unavailable").because(cause.to_string()).again(*after)
        }
        Outcome::Rejected(Rejection { reason: Reason::TooManyFailures { .. }, detail }) => {
            // Each was a 401 first.
            debug!("delivery refused: {detail}");
            return None;
        }
        Outcome::Rejected(rejection) => {
            // The name is anybody's text then.
            if matches!(rejection.reason, Reason::UnknownSource | Reason::NotByFront) {
                work.source = Some("unknown".to_owned());
            }
            Ending::good("refused").labelled(rejection.reason.label()).because(&rejection.detail)
        }
    })
}

/// Anybody can be refused as often as he likes: that must not become as many lines.
fn told(work: &Work, ending: Ending, begun: Instant, ended: Instant) {
    let ending = match (ending.outcome == "refused").then(|| flood::passes(ended)) {
        Some(None) => return,
        Some(Some(unsaid)) if unsaid > 0 => {
            let detail = ending.detail.clone().unwrap_or_default();
            ending.because(format!("{detail} (and {unsaid} more since the last such line)"))
        }
        _ => ending,
    };
    work.ended(&ending, ended.saturating_duration_since(begun));
}
