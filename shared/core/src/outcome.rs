//! What a stage answers, and the one place where an error becomes a decision.

use std::{any::Any, time::Duration};

use crate::{
    port::{ErrorKind, PortError},
    scrub::scrub,
};

/// The acknowledgement: hosts map it to a status, a settled message, a batch answer.
#[derive(Debug)]
pub enum Outcome<T> {
    /// The effect is there.
    Done(T),
    /// Nothing was to be done.
    Skipped(String),
    /// Not now.
    Retry {
        /// Not before this long.
        after: Duration,
        /// Why.
        cause: PortError,
    },
    /// Never: tried again it would fail again.
    Rejected(Rejection),
}

impl<T> Outcome<T> {
    /// As a label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Skipped(_) => "skipped",
            Self::Retry { cause, .. } if matches!(cause.kind, ErrorKind::Throttled { .. }) => "throttled",
            Self::Retry { .. } => "retry",
            Self::Rejected(_) => "rejected",
        }
    }

    /// The same about something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(done) => Outcome::Done(change(done)),
            Self::Skipped(why) => Outcome::Skipped(why),
            Self::Retry { after, cause } => Outcome::Retry { after, cause },
            Self::Rejected(why) => Outcome::Rejected(why),
        }
    }
}

/// Why an input is refused for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Rejection {
    /// What kind of refusal.
    pub reason: Reason,
    /// For people: what was wrong and what to do. No secret, no payload.
    pub detail: String,
}

impl Rejection {
    /// A refusal.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { reason, detail: scrub(&detail).into_owned() }
    }
}

/// Kinds of refusal; over HTTP each is a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// 400: a header or the body is not what it must be.
    Malformed,
    /// 401: no signature, or a wrong one.
    Signature,
    /// 403: signed by the right secret, but of a repository that the source does not own.
    NotOwned,
    /// 403: signed by the right secret, but of another hook than that of the App that the source is bound to.
    OtherApp,
    /// 403: it did not come by what stands in front.
    NotByFront,
    /// 404: no such source.
    UnknownSource,
    /// 413: over the limit.
    TooLarge,
    /// 415: neither JSON nor a form.
    MediaType,
    /// 429: a wrong signature, one of too many.
    TooManyFailures {
        /// Seconds to stay away.
        after: u32,
    },
    /// A handler refused a message, or failed with it too often.
    Failed,
}

impl Reason {
    /// As a label in metrics, logs and dead letters.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Signature => "signature",
            Self::NotOwned => "not_owned",
            Self::OtherApp => "other_app",
            Self::NotByFront => "not_by_front",
            Self::UnknownSource => "unknown_source",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::Failed => "failed",
        }
    }
}

/// What a stage's `handle` returns: an outcome, or a port's failure for [`settle`].
pub type Handled<T> = Result<Outcome<T>, PortError>;

/// The wait before attempt 2; doubles from there to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Turns a port's failure into Retry or Rejected, once, by attempt number (1 = the first).
///
/// Throttling is no attempt: it is always a Retry, bounded by the host. What is Invalid or missing is refused at once;
/// everything else is tried again until `max_attempts`.
pub fn settle<T>(handled: Handled<T>, attempt: u32, max_attempts: u32) -> Outcome<T> {
    let error = match handled {
        Ok(outcome) => return outcome,
        Err(error) => error,
    };
    match error.kind {
        ErrorKind::Throttled { after } => {
            Outcome::Retry { after: after.unwrap_or(wait(attempt)), cause: error }
        }
        ErrorKind::Invalid | ErrorKind::NotFound => {
            Outcome::Rejected(Rejection::new(Reason::Failed, error.to_string()))
        }
        _ if attempt >= max_attempts => Outcome::Rejected(Rejection::new(Reason::Failed, error.to_string())),
        _ => Outcome::Retry { after: wait(attempt), cause: error },
    }
}

/// A panic is an unknown failure: tried again, and in the end dead-lettered with what it said. A text that was put together
/// from values is not repeated: they may be a payload's, or a secret.
pub fn panicked(panic: &(dyn Any + Send)) -> PortError {
    let said = panic.downcast_ref::<&'static str>().copied();
    let said = said.unwrap_or("with a text that is not repeated here; the log says where");
    PortError::internal(format!("the handler panicked: {said}"))
}

/// How long to wait after this failed attempt: 1 s, 2 s, 4 s ... 5 min.
pub fn wait(attempt: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(kind: ErrorKind, attempt: u32) -> Outcome<()> {
        settle(Err(PortError::new(kind, "the queue `a` failed")), attempt, 5)
    }

    #[test]
    fn an_outcome_is_left_as_it_is() {
        assert!(matches!(settle(Ok(Outcome::Done(1)), 9, 5), Outcome::Done(1)));
    }

    #[test]
    fn throttling_never_uses_up_attempts_and_keeps_its_time() {
        let after = Some(Duration::from_secs(90));
        let outcome = settled(ErrorKind::Throttled { after }, 500);
        assert!(matches!(outcome, Outcome::Retry { after, .. } if after == Duration::from_secs(90)));
    }

    #[test]
    fn what_can_never_succeed_is_rejected_at_once() {
        for kind in [ErrorKind::Invalid, ErrorKind::NotFound] {
            assert!(matches!(settled(kind, 1), Outcome::Rejected(_)), "{kind:?}");
        }
    }

    #[test]
    fn everything_else_is_retried_a_bounded_number_of_times() {
        for kind in [ErrorKind::Unavailable, ErrorKind::Internal, ErrorKind::Denied, ErrorKind::Conflict] {
            assert!(matches!(settled(kind, 4), Outcome::Retry { .. }), "{kind:?}");
            assert!(matches!(settled(kind, 5), Outcome::Rejected(_)), "{kind:?}");
        }
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let seconds: Vec<_> = [1, 2, 3, 9, 10, 4_000_000].map(|attempt| wait(attempt).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
